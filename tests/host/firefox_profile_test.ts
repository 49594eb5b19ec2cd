// Not in guests: a reader of files, which no kernel changes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { firefoxJson } from "../../toolkit/stacks/firefox.ts";
import type { Frame } from "../../toolkit/stacks/kept_stacks.ts";
import type { StackProfile } from "../../toolkit/stacks/stack_files.ts";
import { Running } from "../support/process.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
/**
 * The command-line reader of Firefox Profiler's authors, which reads profiles as their web page
 * does.
 */
const READER = join(
  project,
  ".tools/npm/node_modules/@firefox-devtools/profiler-cli/dist/profiler-cli.js",
);
/** The reader requires Node.js 24; Bun can run it. */
const BUN = process.versions.bun ? process.execPath : join(project, ".tools/bin/bun");

const PATIENCE_MS = 120_000;

const frame = (name: string, module?: string): Frame => ({
  address: 0x1000n,
  kernel: module === undefined,
  symbol: { name, offset: 4, module },
});
const MAIN = frame("main", "app");
const WORK = frame("work", "libwork.so");
const READ = frame("vfs_read");

const profile: StackProfile = {
  tool: "offcputime",
  unit: "usecs",
  time: 1_700_000_000_123,
  stacks: [
    { comm: "app", pid: 181, tid: 182, frames: [MAIN, WORK, READ], value: 5_000 },
    { comm: "app", pid: 181, tid: 182, frames: [MAIN, WORK], value: 2_000 },
    { comm: "app", pid: 181, tid: 181, frames: [MAIN, WORK, READ], value: 7_000 },
    { comm: "b\n\udcff", pid: 9, tid: 9, frames: [READ], value: 1_000 },
  ],
};

/** A running reader with a loaded file; it answers in JSON. */
class Reader implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "firefox_profile_"));
  readonly #running: Running;

  constructor(json: string) {
    const file = join(this.#folder, "profile.json");
    writeFileSync(file, json);
    // Started directly, because the reader's command `load` waits only half a second for it.
    this.#running = this.#start("--daemon", file);
  }

  /**
   * Repeats a command until it succeeds: the reader does not report when it has loaded the file.
   */
  async ask(...command: string[]) {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const { status, stdout, stderr } = await this.#start(...command, "--json").result;
      if (status === 0) return JSON.parse(stdout);
      if (Date.now() > until) throw new Error(`The reader does not answer: ${stderr}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.kill("SIGTERM");
    await this.#running[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }

  #start(...args: string[]): Running {
    const env = {
      HOME: this.#folder,
      PROFILER_CLI_SESSION_DIR: join(this.#folder, "sessions"),
      PROFILER_CLI_NO_SYMBOLICATE: "1",
      BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
    };
    return Running.start([BUN, READER, ...args, "--session", "test"], { env });
  }
}

interface Thread {
  readonly threadHandle: string;
  readonly name: string;
  readonly pid: string;
  readonly tid: number;
}

interface CallNode {
  readonly nameWithLibrary: string;
  readonly totalSamples: number;
  readonly selfSamples: number;
  readonly children: readonly CallNode[];
}

/** A call tree as lines `name total/self`, callees indented below. */
const flat = (node: CallNode, depth = 0): string[] => [
  `${"  ".repeat(depth)}${node.nameWithLibrary} ${node.totalSamples}/${node.selfSamples}`,
  ...node.children.flatMap((child) => flat(child, depth + 1)),
];

test("the Firefox profiler's reader sees threads, stacks and weights", async () => {
  await using reader = new Reader(firefoxJson(profile));
  const { threads } = await reader.ask("thread", "list") as { threads: Thread[] };
  assert.deepEqual(threads.map(({ name, pid, tid }) => [name, pid, tid]), [
    ["app", "181", 182],
    ["app", "181", 181],
    ["b\\n\\xff", "9", 9],
  ]);
  const top = ["thread", "samples-top-down", "--thread"];
  const trees: string[][] = [];
  for (const { threadHandle } of threads) {
    const { weightType, regularCallTree } = await reader.ask(...top, threadHandle);
    assert.equal(weightType, "tracing-ms");
    trees.push(flat(regularCallTree));
  }
  assert.deepEqual(trees, [
    ["<root> 7/0", "  app!main 7/0", "    libwork.so!work 7/2", "      kernel!vfs_read 5/5"],
    ["<root> 7/0", "  app!main 7/0", "    libwork.so!work 7/0", "      kernel!vfs_read 7/7"],
    ["<root> 1/0", "  kernel!vfs_read 1/1"],
  ]);
});
