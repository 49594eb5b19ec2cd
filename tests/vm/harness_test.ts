/**
 * The harness's own test: crashes, hangs and full disks are reported as such, the next test still
 * runs, and no process, mount or file is left behind. It boots guests, so it runs only where
 * `TSBCC_VM_HARNESS=1` is set.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CaseResult } from "./report.ts";
import { runtimePath, TREE } from "./suite.ts";

const FIXTURES = "tests/vm/fixtures";
const OPTIONS = {
  skip: process.env.TSBCC_VM_HARNESS === "1" ? false : "boots guests: set TSBCC_VM_HARNESS=1",
};

/** A run of the harness, marked by an environment variable that all its descendants have. */
class Run {
  readonly folder = mkdtempSync(join(tmpdir(), "tsbcc-harness-"));
  /** The result file; it is outside the folder, which must stay empty. */
  readonly results = `${this.folder}.json`;
  readonly child: ChildProcess;
  /** Resolves at the run's end to its exit status or the signal's name. */
  readonly end: Promise<number | string>;
  readonly #mark = `TSBCC_HARNESS_RUN=${randomUUID()}`;
  output = "";

  constructor(...args: string[]) {
    const [name = "", value = ""] = this.#mark.split("=");
    this.child = spawn(runtimePath("deno"), [
      ...["run", "--allow-all", "tests/vm/run.ts", "--kernel", "6.1", "--json", this.results],
      ...args,
    ], {
      cwd: TREE,
      env: { ...process.env, [name]: value, TMPDIR: this.folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.end = once(this.child, "close").then(([status, signal]) => status ?? signal);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk: Uint8Array) => this.output += new TextDecoder().decode(chunk));
    }
  }

  /** Ends the run and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) this.child.kill("SIGTERM");
    await this.end;
    rmSync(this.folder, { recursive: true });
    rmSync(this.results, { force: true });
  }

  /** Waits until the output contains a text. */
  async sees(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      ok(this.child.exitCode === null, `It ended without "${text}":\n${this.output}`);
      await sleep(50);
    }
  }

  /** The command lines of the processes of this run that still run. */
  processes(): string[] {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
        if (!environment.includes(this.#mark)) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`];
      } catch {
        return []; // the process has just ended
      }
    });
  }

  /** Fails if a process, a mount or a file of this run is left. */
  leavesNothing(): void {
    deepStrictEqual(this.processes(), []);
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    deepStrictEqual(mounts.filter((line) => / tsbcc |virtiofs/.test(line)), []);
    deepStrictEqual(readdirSync(this.folder), []);
  }
}

const NAMES = ["passes", "fails", "crashes", "hangs", "fills_disk", "passes_again"];
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  passes: [
    ...["passed", "passed", "passed", "passed", "passed"],
    "skipped a test may be skipped",
  ],
  fails: ["passed", 'failed fails with <&> and "quotes"'],
  crashes: ["failed guest crashed"],
  hangs: ["failed timed out"],
  fills_disk: ["failed fills the disk", "failed filled the disk"],
  passes_again: ["passed", "passed"],
};

test("a crash, a hang and a full disk are reported, and the next test runs", OPTIONS, async () => {
  const paths = NAMES.map((name) => `${FIXTURES}/${name}.ts`);
  await using run = new Run("--file-limit", "60", "--jobs", "2", ...paths);
  strictEqual(await run.end, 1, run.output);

  const result = JSON.parse(readFileSync(run.results, "utf8"));
  const cases: CaseResult[] = result.cases;
  for (const runtime of ["deno", "bun"]) {
    const found = NAMES.map((name) => {
      const members = cases.filter((item) =>
        item.file === `${FIXTURES}/${name}.ts` && item.runtime === runtime
      );
      return [
        name,
        members.map(({ status, name }) => status === "passed" ? status : `${status} ${name}`),
      ];
    });
    deepStrictEqual(Object.fromEntries(found), EXPECTED, `${runtime}:\n${run.output}`);
    ok(run.output.includes(`${FIXTURES}/crashes.ts (${runtime}, 6.1): guest crashed`));
  }
  match(run.output, /^ +\[.*Kernel panic - not syncing: sysrq triggered crash$/m);
  match(run.output, /^\[6\.1 bun\] hangs: started$/m);
  ok(cases.some(({ status, message }) => status === "skipped" && message === "it told so"));
  match(result.kernels["6.1"], /^6\.1\./);
  deepStrictEqual(result.totals, { passed: 16, failed: 10, skipped: 2 });
  match(run.output, /^vm: 16 passed, 10 failed, 2 skipped$/m);
  run.leavesNothing();
});

test("tests that pass are a success", OPTIONS, async () => {
  await using run = new Run(`${FIXTURES}/passes.ts`, `${FIXTURES}/passes_again.ts`, "--jobs", "1");
  strictEqual(await run.end, 0, run.output);
  strictEqual(run.output.match(/booted in/g)?.length, 1, "Expected one boot for all tests");
  run.leavesNothing();
});

for (
  const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGKILL", "SIGKILL"]] as const
) {
  test(`a run that gets ${signal} leaves nothing behind`, OPTIONS, async () => {
    await using run = new Run("--runtime", "bun", `${FIXTURES}/hangs.ts`);
    await run.sees("hangs: started");
    ok(run.processes().some((command) => command.includes("qemu-system")));
    ok(run.processes().some((command) => command.includes("virtiofsd")));
    // process.kill(), because after child.kill() Deno reports that signal even if the child handled
    // it.
    process.kill(run.child.pid ?? 0, signal);
    strictEqual(await run.end, status, run.output);
    // After SIGKILL the kernel ends the descendants a moment later, and no process waits for them.
    for (let tries = 0; signal === "SIGKILL" && tries < 100; tries++) {
      if (run.processes().length === 0) break;
      await sleep(50);
    }
    run.leavesNothing();
  });
}
