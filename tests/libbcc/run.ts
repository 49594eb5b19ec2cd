/** The command `deno task test:libbcc`: runs test files with the libbcc of another Debian. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { run as runProgram } from "../vm/command.ts";
import { commonOptions, main, member, parseWords } from "../vm/main.ts";
import {
  REPORT,
  type Runtime,
  runtimePath,
  RUNTIMES,
  selectFiles,
  SKIP_REASONS,
  testCommand,
  testEnvironment,
  TREE,
} from "../vm/suite.ts";
import { forgetSystem } from "../vm/systems.ts";
import { requireRoot, type Root, type Suite, SUITES } from "./roots.ts";

/**
 * The test files that use libbcc. Left out are those of networks, which need more programs than the
 * system has, and value_text: libbcc 0.31 prints a struct with padding wrongly.
 */
const FILES = [
  "attach_bcc",
  "bcc_helpers",
  "bcc_language",
  "bcc_maps",
  "bcc_object_maps",
  "bcc_operations",
  "bcc_output",
  "compile",
  "compile_traced",
  "examples",
  "examples_perf",
  "headers",
  "libbcc",
  "messages",
  "struct_reads",
  "usdt_compile",
].map((name) => `tests/host/${name}_test.ts`);

const USAGE =
  `Usage: deno task test:libbcc [options] [FILE, FOLDER or part of a name in tests/host]...

  --suite NAME     ${SUITES.join(", ")}; may be repeated (default: trixie and sid)
  --runtime NAME   deno or bun (default: both)
  --junit FILE     write a JUnit report; for one suite and one runtime
  --refresh        download the packages again: the suites' newest
  --prepare        only download what is needed
  --list           only print the files that run if none is named
`;

const OPTIONS = {
  ...commonOptions,
  "suite": { type: "string", multiple: true },
  "list": { type: "boolean", default: false },
} as const;

function parse(words: readonly string[]) {
  const { values, positionals } = parseWords(OPTIONS, words);
  const { suite = ["trixie", "sid"], runtime = [...RUNTIMES] } = values;
  const suites = suite.map((name) => member(SUITES, name, "suite"));
  const runtimes = runtime.map((name) => member(RUNTIMES, name, "runtime"));
  if (values.junit !== undefined && suites.length * runtimes.length > 1) {
    throw new TypeError("--junit needs one --suite and one --runtime");
  }
  return { ...values, suites, runtimes, positionals };
}

/**
 * Runs test files in a root directory, which they cannot change (enter.sh); returns the exit
 * status.
 */
async function runTests(
  root: Root,
  runtime: Runtime,
  files: readonly string[],
  options: { junit: string | undefined; signal: AbortSignal },
): Promise<number> {
  const results = mkdtempSync(join(tmpdir(), "ts-bcc-libbcc-"));
  const environment = Object.entries({
    ...testEnvironment(),
    HOME: "/tmp",
    TMPDIR: "/tmp",
    DENO_DIR: "/tmp/deno",
    TSBCC_LIBBCC_VERSION: root.version,
  }).map(([name, value]) => `${name}=${value}`);
  try {
    const status = await runProgram("unshare", [
      ...["--mount", "env", "--ignore-environment", ...environment],
      ...["bash", join(TREE, "tests/libbcc/enter.sh"), root.directory, results],
      ...[TREE, dirname(runtimePath(runtime)), "--", ...testCommand(runtime, files)],
    ], { cwd: TREE, show: true, signal: options.signal }).then(() => 0, () => 1);
    options.signal.throwIfAborted();
    keep(join(results, REPORT), options.junit, copyFileSync);
    keep(join(results, SKIP_REASONS), process.env.TSBCC_SKIP_LOG, (from, to) => {
      appendFileSync(to, readFileSync(from));
    });
    return status;
  } finally {
    rmSync(results, { recursive: true });
  }
}

/** Copies or appends a file of the results to `to`, if there is a file and a path to keep it at. */
function keep(
  from: string,
  to: string | undefined,
  take: (from: string, to: string) => void,
): void {
  if (to !== undefined && existsSync(from)) take(from, to);
}

async function run(values: ReturnType<typeof parse>, signal: AbortSignal): Promise<number> {
  if (values.list) {
    for (const file of selectFiles(FILES)) console.log(`./${file}`);
    return 0;
  }
  if (process.getuid?.() !== 0) throw new Error("Cannot change the root: run it as root");
  const files = selectFiles(values.positionals.length > 0 ? values.positionals : FILES);
  if (files.length === 0) throw new Error("No such test file");
  if (values.refresh) values.suites.forEach(forgetSystem);
  const roots = new Map<Suite, Root>();
  for (const suite of values.suites) roots.set(suite, await requireRoot(suite, signal));
  if (values.prepare) return 0;

  let worst = 0;
  for (const [suite, root] of roots) {
    for (const runtime of values.runtimes) {
      console.log(`libbcc: ${root.version} of Debian ${suite}, ${runtime}`);
      const status = await runTests(root, runtime, files, { junit: values.junit, signal });
      worst = Math.max(worst, status);
    }
  }
  return worst;
}

await main({ name: "libbcc", usage: USAGE, parse, run });
