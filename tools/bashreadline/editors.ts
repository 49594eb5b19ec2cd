/**
 * Finds line editors, and attaches to the functions that return their lines.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { type Bpf, exists, type Link, userFunctions } from "../../mod.ts";

/** A function that returns an input line. */
interface Editor {
  readonly file: { readonly path: string } | { readonly library: string };
  readonly symbol: string;
  readonly program: "end_bash" | "end_library" | "end_zsh";
}

/** Options that select the editors. */
export interface EditorOptions {
  /** A library or a bash executable, instead of this machine's. */
  readonly shared: string | undefined;
  /** Trace other line editors, too. */
  readonly all: boolean;
  readonly pid: number | undefined;
}

const BASH = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"];
/** Library directories; Debian has a subdirectory for the architecture. */
const ZSH = ["/usr/lib", "/usr/lib64"];

/** Attaches to all line editors found. @throws {Error} if there are none */
export function attachEditors(bpf: Bpf, options: EditorOptions): Link[] {
  const { pid } = options;
  const found = editors(options);
  if (found.length === 0) {
    throw new Error(
      "Cannot trace command lines: neither bash nor libreadline has a function readline: " +
        "name the file that has it with -s",
    );
  }
  return found.map(({ file, symbol, program }) =>
    bpf.program(program).attachUprobe({
      ...file,
      symbol,
      atReturn: true,
      ...pid === undefined ? {} : { pid },
    })
  );
}

function editors({ shared, all, pid }: EditorOptions): Editor[] {
  if (shared !== undefined) {
    if (!shared.startsWith("/")) {
      throw new Error(`Cannot trace ${JSON.stringify(shared)}: -s needs an absolute path`);
    }
    return [{ file: { path: shared }, symbol: "readline", program: "end_library" }];
  }
  const bash: Editor[] = BASH.map((path) => ({
    file: { path },
    symbol: "readline",
    program: "end_bash",
  }));
  const readline: Editor = {
    file: { library: "readline" },
    symbol: "readline",
    program: "end_library",
  };
  // Several of the paths may be the same file: one is probed.
  const own = bash.filter((editor) => has(editor, pid)).slice(0, 1);
  if (!all) return own.length > 0 ? own : [readline].filter((editor) => has(editor, pid));
  const others: Editor[] = [
    readline,
    { file: { library: "edit" }, symbol: "el_gets", program: "end_library" },
    ...zshModules().map((path): Editor => ({
      file: { path },
      symbol: "zleread",
      program: "end_zsh",
    })),
  ];
  return [...own, ...others.filter((editor) => has(editor, pid))];
}

/** Whether the file exists and has the function. */
function has({ file, symbol }: Editor, pid: number | undefined): boolean {
  const name = "path" in file ? file.path : file.library;
  try {
    return userFunctions(name, new RegExp(`^${symbol}$`), pid).length > 0;
  } catch {
    return false; // no such file or library here
  }
}

/** zsh's line editor is a module of its own: LIB[/ARCH]/zsh/VERSION[/zsh]/zle.so. */
function zshModules(): string[] {
  const below = (folder: string) => exists(folder) ? readdirSync(folder) : [];
  const roots = ZSH.flatMap((lib) => [lib, ...below(lib).map((name) => `${lib}/${name}`)])
    .map((lib) => `${lib}/zsh`).filter((path) => exists(path));
  return roots.flatMap((root) => below(root).map((version) => `${root}/${version}`))
    .flatMap((folder) => [`${folder}/zle.so`, `${folder}/zsh/zle.so`])
    .filter((path) => exists(path));
}
