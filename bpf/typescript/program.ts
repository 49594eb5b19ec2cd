/**
 * A loaded program of kernel code, and attaching it to its hook.
 *
 * @module
 */

import { loadProgram } from "../../ffi/libc/bpf_syscall.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { close } from "../../ffi/libc/files.ts";
import { map, MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../ffi/libc/mmap.ts";
import { bufferText, copyOf } from "../../ffi/libc/memory.ts";
import { BpfError, permissionReason, VerifierError } from "../base/errors.ts";
import type { Link } from "../base/link.ts";
import type { MapInfo } from "../maps/map_info.ts";
import { attachUsdt } from "../attach/usdt.ts";
import type { LoadedProgram } from "../loaded_program.ts";
import { ProgramType } from "../tables/program_type.ts";
import type { UsdtOptions } from "../usdt/usdt.ts";
import type { CompiledProgram } from "./compile_program.ts";
import { readerFor } from "./contexts/usdt_context.ts";
import { verifierReason } from "./verifier_reasons.ts";
import { attachHook, loadedFor, PROGRAM_TYPES, sectionOf } from "./hook_programs.ts";
import type { Hook } from "./language/hooks.ts";

/**
 * The kernel's limit for a verifier log (UINT_MAX >> 8); pages cost nothing until they are written.
 */
const LOG_SIZE = 0xffffff;

/** Load parameters about the program's text. */
export interface DebugInfo {
  /** Descriptor of the BTF. */
  readonly fd: number;
  /** BTF id of the function. */
  readonly function: number;
  /** struct bpf_line_info of each stretch of instructions. */
  readonly lines: Uint8Array<ArrayBuffer>;
  /** Functions of an object that it calls, to be put behind it. */
  readonly borrowed?: {
    readonly instructions: Uint8Array<ArrayBuffer>;
    readonly calls: readonly { readonly instruction: number; readonly offset: number }[];
    /** struct bpf_func_info and struct bpf_line_info of each, as words. */
    readonly functions: readonly number[];
    readonly lines: readonly number[];
  } | undefined;
}

const wordsOf = (words: readonly number[]) => new Uint8Array(Uint32Array.from(words).buffer);

function joined(a: Uint8Array<ArrayBuffer>, b: Uint8Array): Uint8Array<ArrayBuffer> {
  if (b.length === 0) return a;
  const both = new Uint8Array(new ArrayBuffer(a.length + b.length));
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** One program. */
export class TypeScriptProgram implements LoadedProgram {
  readonly name: string;
  readonly section: string;
  readonly #compiled: CompiledProgram;
  readonly #hook: Hook;
  readonly #maps: readonly MapInfo[];
  readonly #debug: DebugInfo;
  #fd: number | undefined;

  /** Made by `loadCode`, which loads and closes it. */
  constructor(
    compiled: CompiledProgram,
    hook: Hook,
    maps: readonly MapInfo[],
    debug: DebugInfo,
  ) {
    this.name = compiled.name;
    this.section = sectionOf(hook);
    this.#compiled = compiled;
    this.#hook = hook;
    this.#maps = maps;
    this.#debug = debug;
  }

  fd(): number {
    if (this.#fd === undefined) {
      throw new TypeError(`Cannot use program "${this.name}": it is closed`);
    }
    return this.#fd;
  }

  get isLoaded(): boolean {
    return this.#fd !== undefined;
  }

  /** @throws {VerifierError} */
  load(): void {
    const { fd, function: own, borrowed } = this.#debug;
    const functions = wordsOf([0, own, ...borrowed?.functions ?? []]);
    const lines = joined(this.#debug.lines, wordsOf(borrowed?.lines ?? []));
    const request = {
      type: ProgramType[PROGRAM_TYPES[this.#hook.kind]],
      ...loadedFor(this.name, this.#hook),
      name: this.name,
      instructions: this.#relocated(),
      btf: { fd, functions, lines },
    };
    const loaded = loadProgram(request);
    if (loaded >= 0) {
      this.#fd = loaded;
      return;
    }
    // Load again with a log: writing it takes the verifier longer than checking.
    const protection = PROT_READ | PROT_WRITE;
    using log = map("a log buffer", LOG_SIZE, protection, MAP_PRIVATE | MAP_ANONYMOUS);
    const again = loadProgram({ ...request, log: { address: log.address, size: LOG_SIZE } });
    if (again >= 0) this.#fd = again;
    else throw this.#failure(-again, bufferText(new Uint8Array(log.buffer)));
  }

  attach(): Link {
    return attachHook(this, this.#hook);
  }

  attachUsdt(options: UsdtOptions): Link {
    const hook = this.#hook;
    if (hook.kind === "usdt") {
      return attachUsdt(this, options, readerFor(this.name, hook.options));
    }
    throw new TypeError(
      `Cannot attach program "${this.name}" to a USDT probe: write it as usdt(options, …)`,
    );
  }

  close(): void {
    if (this.#fd !== undefined) close(this.#fd);
    this.#fd = undefined;
  }

  /** The instructions with map descriptors patched in. */
  #relocated(): Uint8Array<ArrayBuffer> {
    const bytes = copyOf(this.#compiled.instructions);
    const view = new DataView(bytes.buffer);
    for (const { instruction, map } of this.#compiled.relocations) {
      const { fd } = this.#maps.find(({ name }) => name === map)!;
      view.setInt32(8 * instruction + 4, fd, true);
    }
    const { borrowed } = this.#debug;
    if (!borrowed) return bytes;
    for (const { instruction, offset } of borrowed.calls) {
      view.setInt32(8 * instruction + 4, offset, true);
    }
    return joined(bytes, borrowed.instructions);
  }

  /** Newer kernels quote lines with their numbers, older ones without. */
  #tellLine(quoted: string): string {
    const { source } = this.#compiled;
    const [, text = quoted, told] = /^(.*) @ [^@]*:(\d+)$/.exec(quoted) ?? [];
    const same = [...source.lines()].filter((line) => line.text === text);
    const line = same.find(({ number }) => number === Number(told)) ?? same[0];
    if (!line) return `line ${told ?? "?"} of the function${source.where}: ${text}`;
    const location = line.source.locationOf(line.number);
    const of = location.file === undefined && line.source.isOfFile ? " of the function" : "";
    return `line ${location.line}${of}${location.where}: ${location.text.trim()}`;
  }

  #failure(errno: number, log: string): Error {
    if (log !== "") {
      const tellLine = (quoted: string) => this.#tellLine(quoted);
      return new VerifierError(this.name, errno, log, tellLine, verifierReason);
    }
    const refused = errno === Errno.EPERM || errno === Errno.EACCES;
    const reason = refused ? permissionReason() : undefined;
    return new BpfError("load", `load program "${this.name}"`, errno, reason);
  }
}
