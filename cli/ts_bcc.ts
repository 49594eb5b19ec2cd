/**
 * The executable that holds all tools: `ts-bcc NAME …`, or a symbolic link with a tool's name.
 *
 * @module
 */

import { completionScript, SHELLS } from "./completions.ts";
import { doctor } from "./doctor.ts";
import { type Commands, namesOf, type Tools } from "./names.ts";
import { installLinks } from "./install.ts";
import { runTool, statusOf } from "../toolkit/run/main.ts";
import { UsageError } from "../toolkit/options/options.ts";
import { printText } from "../toolkit/output/output.ts";
import { versionText } from "../toolkit/run/version.ts";

const NAME = "ts-bcc";

const HELP = `usage: ${NAME} COMMAND [ARGUMENT…]

eBPF tracing tools in one executable.

commands:
  NAME [OPTION…]          run a tool; NAME --help tells its options
  list                    the tools, and what each shows
  run FILE.ts [ARG…]      run a script of one file: docs/typescript.md
  run -e TEXT [OPTION…]   run a one-liner; run --help tells the options
  check FILE.ts | -e TEXT compile a script and run nothing; --load asks the kernel too
  types [--out FILE] [NAME…]
                          this kernel's tracepoints, functions and structs for editors
  web [[ADDRESS:]PORT]    a live page for browsers that starts tools; each has one with --web
  replay FILE…            show what a tool has recorded with --record; replay --help tells how
  doctor [--json]         what this machine can and cannot trace, and how to mend it
  install DIRECTORY       make a symbolic link for each tool, which then runs by its own name
  completions SHELL       a completion script for ${SHELLS.join(", ")}
  help                    this text
  --version               the version, and those of the runtime and libbpf

examples:
  ${NAME} opensnoop -x
  ${NAME} install /usr/local/sbin && opensnoop -x
  ${NAME} run -e 'tracepoint("sched/sched_process_exec", (e) => print(pid(), e.filename))'
  source <(${NAME} completions bash)`;

/** Commands without a help of their own: `--help` prints the usage text above. */
const SHORT = new Set(["list", "check", "web", "doctor", "install", "completions"]);

/** Runs the command named by this process's arguments, and exits. */
export async function multicall(tools: Tools, commands: Commands): Promise<never> {
  const words = process.argv.slice(2);
  const called = calledAs();
  const isName = Object.hasOwn(tools, called) || Object.hasOwn(commands, called);
  const name = isName ? called : words.shift();
  if (name !== undefined && Object.hasOwn(commands, name)) {
    const [tool, ...given] = commands[name]!;
    process.exit(await command(tools, commands, tool, [...given, ...words]));
  }
  process.exit(await command(tools, commands, name, words));
}

/**
 * The last component of argv[0], which is the symbolic link's name. Packages use `opensnoop-tsbcc`,
 * like `opensnoop-bpfcc` in Debian.
 */
function calledAs(): string {
  const path = process.argv0;
  return path.slice(path.lastIndexOf("/") + 1).replace(/-tsbcc$/, "");
}

async function command(
  tools: Tools,
  commands: Commands,
  name: string | undefined,
  words: string[],
): Promise<number> {
  if (name !== undefined && Object.hasOwn(tools, name)) {
    return await runTool((await tools[name]!()).default, words);
  }
  return await statusOf(NAME, async () => {
    if (SHORT.has(name ?? "") && words.some((word) => word === "--help" || word === "-h")) {
      return await printText(HELP);
    }
    switch (name) {
      case "list":
        noMore(words);
        return await printText((await listLines(tools, commands)).join("\n"));
      case "run":
        await (await import("./script/run_script.ts")).runScript(words);
        return 0;
      case "check":
        return await printText(
          await (await import("./script/check_script.ts")).checkScript(words),
        );
      case "types":
        await (await import("./script/write_types.ts")).writeTypes(words);
        return 0;
      case "web":
        await (await import("./web.ts")).web(tools, commands, words);
        return 0;
      case "replay":
        return await (await import("./replay/run_replay.ts")).runReplay(words);
      case "doctor":
        return await doctor(words, Object.keys(tools));
      case "install": {
        const [directory, ...rest] = words;
        if (directory === undefined) throw new UsageError("install needs a DIRECTORY");
        noMore(rest);
        return await printText(await installLinks(directory, namesOf(tools, commands)));
      }
      case "completions":
        return await printText(await completionScript(tools, commands, words));
      case "help":
      case "-h":
      case "--help":
        return await printText(HELP);
      case "--version":
        noMore(words);
        return await printText(versionText(NAME));
      case undefined:
        throw new UsageError("expected the name of a tool or a command");
      default:
        throw new UsageError(
          `no tool or command is called ${JSON.stringify(name)}: '${NAME} list' tells them`,
        );
    }
  });
}

function noMore([word]: readonly string[]): void {
  if (word !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(word)}`);
}

async function listLines(tools: Tools, commands: Commands): Promise<string[]> {
  const names = namesOf(tools, commands);
  const width = Math.max(...names.map((name) => name.length)) + 2;
  return await Promise.all(names.map(async (name) => {
    const short = commands[name];
    const text = short ? `The same as ${short.join(" ")}.` : (await tools[name]!()).default.summary;
    return name.padEnd(width) + text;
  }));
}

// When run as `deno run --allow-all cli/ts_bcc.ts NAME …` or `bun cli/ts_bcc.ts NAME …`.
if (import.meta.main) {
  const { commands, tools } = await import("../tools/list.ts");
  await multicall(tools, commands);
}
