/** Selects the test files that run in guests, and makes the commands that run them. */
import { existsSync, globSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { run, which } from "./command.ts";
import { foreignPath, type ForeignSystem } from "./foreign.ts";
import { RESULTS } from "./guest.ts";
import type { Kernel } from "./kernels.ts";

/** The root of the source tree. */
export const TREE: string = resolve(import.meta.dirname ?? ".", "../..");

/** The runtimes that every test file runs under. */
export const RUNTIMES = ["deno", "bun"] as const;
/** One of {@linkcode RUNTIMES}. */
export type Runtime = (typeof RUNTIMES)[number];

/** Test files that one command runs under one runtime. */
export interface Task {
  /** The test files, relative to {@linkcode TREE}. */
  files: readonly string[];
  /** The runtime that runs them. */
  runtime: Runtime;
  /** The kernels to run on; default: all of the run. */
  kernels?: readonly string[];
}

/** The file name of the JUnit report in a job's results. */
export const REPORT = "junit.xml";
/**
 * The file name, in a job's results, of the reasons for skipped tests: lines of a test's name, a tab, the
 * reason.
 */
export const SKIP_REASONS = "skip-reasons";
/** Files that one command runs with `--spread`: a runtime takes 5 to 12 s to start in a guest. */
const FILES_OF_A_COMMAND = 4;
/** The line by which a test file says that it need not run in guests, and why. */
const NOT_IN_GUESTS = /^\/\/ Not in guests: .+$/m;
/** The environment variables of this process that tests see. */
const PASSED_ON = /^(PATH|HOME|LANG|LC_\w+|CI|XDG_CACHE_HOME|(TSBCC|DENO|BUN)_\w+)$/;

/**
 * Selects test files.
 *
 * @param selectors Files and folders, or parts of the names of files in `tests/host`; all of those
 * if there are none. A file with a line `// Not in guests: REASON` is only run if it is named.
 */
export function selectFiles(selectors: readonly string[]): string[] {
  const all = findTests(join(TREE, "tests/host"));
  if (selectors.length === 0) return all;
  const selected = selectors.flatMap((selector) => {
    const path = resolve(TREE, selector);
    if (!existsSync(path)) return all.filter((file) => file.includes(selector));
    return statSync(path).isDirectory() ? findTests(path) : [relative(TREE, path)];
  });
  return [...new Set(selected)];
}

/**
 * The tasks of a run.
 *
 * @param spread Runs each file under only one runtime per kernel, and alternates: every file runs on every
 * kernel and under every runtime, in half the time or less
 */
export function tasksFor(
  files: readonly string[],
  runtimes: readonly Runtime[],
  kernels: readonly string[],
  spread: boolean,
): Task[] {
  if (!spread) {
    return files.flatMap((file) => runtimes.map((runtime) => ({ files: [file], runtime })));
  }
  return groups(files, FILES_OF_A_COMMAND).flatMap((files, turn) =>
    kernels.map((kernel, i) => ({
      files,
      runtime: runtimes[(turn + i) % runtimes.length]!,
      kernels: [kernel],
    }))
  );
}

function groups<T>(items: readonly T[], size: number): T[][] {
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, i) => i * size);
  return starts.map((start) => items.slice(start, start + size));
}

function findTests(folder: string): string[] {
  return globSync("**/*_test.ts", { cwd: folder }).sort()
    .map((file) => join(folder, file))
    .filter((path) => !NOT_IN_GUESTS.test(readFileSync(path, "utf8")))
    .map((path) => relative(TREE, path));
}

/** Returns the path of a runtime: `TSBCC_DENO` or `TSBCC_BUN`, else the tree's own, else one in `PATH`. */
export function runtimePath(runtime: Runtime): string {
  const own = join(TREE, ".tools/bin", runtime);
  const path = process.env[`TSBCC_${runtime.toUpperCase()}`] ??
    (existsSync(own) ? own : runtime === "deno" ? process.execPath : which(runtime));
  if (path === undefined) throw new Error(`No ${runtime}: run scripts/setup.sh, or set PATH`);
  return realpathSync(path);
}

/** The folders of the host that the guest must see. */
export function neededPaths(runtimes: readonly Runtime[], system?: ForeignSystem): string[] {
  // A foreign system has runtimes of its own, and needs only the tree and .tools, which may be a symbolic
  // link.
  if (system) return [TREE, realpathSync(join(TREE, ".tools"))];
  return [TREE, ...runtimes.map((runtime) => dirname(runtimePath(runtime)))];
}

/** Fills Deno's cache of transpiled files on the host: in a guest transpiling takes ten times as long. */
export async function warmCaches(files: readonly string[], signal: AbortSignal): Promise<void> {
  // A file that cannot be cached fails in the guest, where the failure is counted.
  await run(runtimePath("deno"), ["cache", "--quiet", "--no-lock", ...files], { cwd: TREE, signal })
    .catch(() => signal.throwIfAborted());
}

/** The shell script that runs a task in a guest. */
export function taskScript(
  task: Task,
  kernel: Kernel,
  system?: ForeignSystem,
): string {
  const environment = {
    ...testEnvironment(),
    TSBCC_GUEST_KERNEL: kernel.name,
    ...kernel.headers === undefined ? {} : { TSBCC_GUEST_HEADERS: kernel.headers },
    ...system && {
      PATH: foreignPath(system),
      TSBCC_DENO: system.runtimes.deno,
      TSBCC_BUN: system.runtimes.bun,
    },
  };
  return [
    ...Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`),
    // Links the guest's kernel and modules to /boot and /lib/modules, where programs and modprobe look.
    `for path in ${quote(kernel.directory)}/lib/modules/* ${quote(kernel.directory)}/boot/*; do`,
    `  target=\${path#${quote(kernel.directory)}}`,
    `  [ -e "$target" ] || { mkdir -p "\${target%/*}"; ln -s "$path" "$target"; }`,
    `done`,
    `cd ${quote(TREE)}`,
    `exec ${testCommand(task.runtime, task.files, system).map(quote).join(" ")}`,
  ].join("\n");
}

/** The environment of tests in guests: variables that are passed on, and where to log skipped tests. */
export function testEnvironment(): Record<string, string> {
  const passedOn = Object.entries(process.env)
    .filter(([name, value]) => PASSED_ON.test(name) && value !== "");
  return {
    HOME: "/root",
    ...Object.fromEntries(passedOn) as Record<string, string>,
    TSBCC_SKIP_LOG: `${RESULTS}/${SKIP_REASONS}`,
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
    TERM: "dumb",
  };
}

/** The command that runs test files and leaves its report in {@linkcode RESULTS}. */
export function testCommand(
  runtime: Runtime,
  files: readonly string[],
  system?: ForeignSystem,
): string[] {
  const path = system?.runtimes[runtime] ?? runtimePath(runtime);
  if (runtime === "deno") {
    const flags = ["--no-check", "--allow-all", "--cached-only"];
    return [path, "test", ...flags, `--junit-path=${RESULTS}/${REPORT}`, ...files];
  }
  // Bun's default limit is five seconds a test; here the harness limits the whole command instead.
  const flags = [
    "--timeout=3600000",
    "--reporter=junit",
    `--reporter-outfile=${RESULTS}/${REPORT}`,
  ];
  return [path, "test", ...flags, ...files.map((file) => `./${file}`)];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
