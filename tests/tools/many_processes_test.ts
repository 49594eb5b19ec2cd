/** Tools free what they keep about processes once it has been reported. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { startTool, stopTool } from "../support/tool.ts";

const STEPS = [10_000, 10_001, 9_999, 10_002, 9_998];
/** Allowed growth of memory after four times as many processes: a runtime may keep that much garbage. */
const ROOM_KIB = 64 * 1024;

/**
 * Allowed growth during the last report, with as many stacks as the maps have room for; 530 MiB were
 * measured.
 */
const REPORT_KIB = 1024 * 1024;

const statusKib = (pid: number, field: "VmRSS" | "VmHWM"): number =>
  Number(
    new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(
      readFileSync(`/proc/${pid}/status`, "utf8"),
    )![1],
  );

/** Polls the tool's resident memory and keeps the maximum. */
function watchPeak(pid: number): { kib: number; stop(): void } {
  const peak = { kib: 0, stop: () => clearInterval(timer) };
  const timer = setInterval(() => {
    try {
      peak.kib = statusKib(pid, "VmHWM");
    } catch {
      clearInterval(timer); // it has ended
    }
  }, 20);
  return peak;
}

/** The tool's resident memory after each step, its maximum, and the tool's output. */
async function watch(name: string, ...args: string[]) {
  await using workload = Running.start([buildProgram("processes.c")]);
  await workload.find("stdout", /^pid \d+$/m);
  await using tool = await startTool(name, ...args);
  const resident: number[] = [];
  for (const count of STEPS) {
    workload.send(String(count));
    await workload.find("stdout", new RegExp(`^made ${count}$`, "m"));
    resident.push(statusKib(tool.pid, "VmRSS"));
  }
  const peak = watchPeak(tool.pid);
  const result = await stopTool(tool).finally(() => peak.stop());
  return { resident, peak: peak.kib, result };
}

const CASES: readonly (readonly [tool: string, ...args: string[]])[] = [
  ["stackcount", "-P", "-i", "1", "t:syscalls:sys_enter_getppid"],
  ["offcputime", "-U"],
  ["profile", "-F", "997", "-U"],
];

for (const [name, ...args] of CASES) {
  const title = `${name} forgets 50,000 processes that have ended`;
  test(title, { skip: requires(title, "speed", "full") }, async () => {
    const { resident, peak, result } = await watch(name, ...args);
    // The smaller of the last two: garbage of 100 MiB comes and goes between collections of Bun's.
    const kept = Math.min(...resident.slice(-2));
    assert.ok(kept < resident[0]! + ROOM_KIB, `${resident.join(", ")} KiB`);
    assert.ok(peak >= resident.at(-1)! && peak < resident[0]! + REPORT_KIB, `${peak} KiB`);
    // ok() instead of match(): its message would include the whole report.
    assert.ok(result.stdout.includes("tests-support-p"), result.stderr.slice(0, 2000));
  });
}
