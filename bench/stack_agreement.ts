/**
 * Compares our user stacks with those of `perf record --call-graph dwarf`. Both sample at timer interrupts and
 * page faults, which occur anywhere in a program. So both take each stack at the same instruction, and the
 * stacks can be compared frame by frame.
 *
 *     sudo deno run --allow-all --no-check bench/stack_agreement.ts [--seconds N] [--runs N] [python|node|postgres|openssl|chromium|ruby…]
 *
 * Several runs are told one by one and in sum. A program that has many page faults, as chromium, fills our buffer within
 * some seconds: short runs lose nothing, and then each stack is paired with its own.
 *
 * perf (Debian: linux-perf) copies up to 32 KiB of each stack. It ends a stack where it cannot unwind, as in
 * JIT-compiled code: only the frames that perf has are compared.
 *
 * @module
 */

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { numbers } from "./numbers.ts";
import {
  inCode,
  inFiles,
  isSame,
  pairs,
  parseOurs,
  parsePerf,
  type Stacks,
} from "./stack_pairs.ts";
import { sleep, type Workload, WORKLOADS } from "./stack_workloads.ts";

/** Different events at the same moments: perf gets no samples of an event whose BPF program returns 0. */
const OURS = ["irq_vectors:local_timer_exit", "exceptions:page_fault_user"];
const THEIRS = ["irq_vectors:local_timer_entry", "page-faults:u"];
const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** How samples and their frames agree. */
interface Tally {
  samples: number;
  frames: number;
  /** Frames that agree. */
  agreed: number;
  /** Samples that are the same, where perf ends earlier, where we do, and where both go on differently. */
  same: number;
  longer: number;
  shorter: number;
  differ: number;
  /** Of the latter, those of which only perf's last frame differs. */
  last: number;
}

const nothing = (): Tally => ({
  samples: 0,
  frames: 0,
  agreed: 0,
  same: 0,
  longer: 0,
  shorter: 0,
  differ: 0,
  last: 0,
});

async function compare(name: string, seconds: number): Promise<Tally> {
  const folder = mkdtempSync("/tmp/stack-agreement-");
  execFileSync("chmod", ["711", folder]);
  let workload: Workload | undefined;
  try {
    workload = await WORKLOADS[name]!(folder);
    await sleep(1500);
    const pid = String(workload.pid);
    const tool = spawn("deno", [
      ...[
        "run",
        "--allow-all",
        "--no-check",
        join(PROJECT, "tools/trace/trace.ts"),
        "-U",
        "-a",
        "-p",
        pid,
      ],
      ...["-b", "8192", ...OURS.map((event) => `t:${event}`)],
    ], { env: { ...process.env, TSBCC_READY: "1" }, stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    tool.stdout.setEncoding("utf8").on("data", (text) => out += text);
    const ready = new Promise<void>((resolve) => {
      tool.stderr.setEncoding("utf8").on("data", (text) => {
        err += text;
        if (/^ready$/m.test(err)) resolve();
      });
      tool.on("exit", () => resolve());
    });
    await ready;
    const data = join(folder, "perf.data");
    execFileSync("perf", [
      ...[
        "record",
        "-q",
        "-o",
        data,
        "--user-callchains",
        "--call-graph",
        "dwarf,32768",
        "-m",
        "4096",
      ],
      ...THEIRS.flatMap((event) => ["-e", event]),
      ...["-c", "1", "-p", pid, "--", "sleep", String(seconds)],
    ], { stdio: "ignore" });
    const maps = readFileSync(`/proc/${pid}/maps`, "utf8");
    const ended = new Promise((resolve) => tool.on("close", resolve));
    tool.kill("SIGINT");
    await ended;
    workload.end();
    const script = ["script", "-i", data, "-F", "tid,ip", "--no-inline"];
    const theirs = execFileSync("perf", script, {
      maxBuffer: 2 ** 31,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [tally, examples] = tallyOf(
      inFiles(parseOurs(out), maps),
      inCode(parsePerf(String(theirs)), maps),
    );
    tell(name, tally);
    const truncated = /truncated .*/.exec(err)?.[0] ?? "none of ours truncated";
    console.log([`  ${truncated}`, .../dropped.*/.exec(err) ?? []].join("; "));
    if (process.env.EXAMPLES) console.log(examples.join("\n"));
    return tally;
  } finally {
    workload?.end();
    await sleep(500);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compares the samples that both have; returns a few that differ as well. */
function tallyOf(ours: Stacks, theirs: Stacks): [Tally, string[]] {
  const tally = nothing();
  const examples: string[] = [];
  for (const [own, other] of pairs(ours, theirs)) {
    tally.samples++;
    const least = Math.min(own.length, other.length);
    let common = 0;
    while (common < least && isSame(own[common]!, other[common]!)) common++;
    tally.frames += other.length;
    tally.agreed += common;
    if (common === other.length) own.length === common ? tally.same++ : tally.longer++;
    else if (common === own.length) tally.shorter++;
    else tally.differ++;
    if (common < own.length && common === other.length - 1) tally.last++;
    if (common < other.length && examples.length < 3) {
      const hex = (stack: bigint[]) => stack.map((at) => at.toString(16)).join(" ");
      examples.push(`  at frame ${common}: ours ${hex(own)}\n    perf ${hex(other)}`);
    }
  }
  return [tally, examples];
}

function tell(name: string, tally: Tally): void {
  const { samples, frames, agreed, same, longer, shorter, differ, last } = tally;
  const percent = (100 * agreed / Math.max(frames, 1)).toFixed(2);
  console.log(
    `${name}: ${samples} samples; ${percent} % of ${frames} frames agree; ` +
      `${same} the same, ${longer} where perf ends earlier, ${shorter} where we do, ` +
      `${differ} differ, ${last} of them in perf's last frame alone`,
  );
}

const { seconds, runs, names } = numbers({ seconds: 30, runs: 1 });
for (const name of names.length > 0 ? names : Object.keys(WORKLOADS)) {
  if (!WORKLOADS[name]) {
    throw new Error(`There is no ${name}: ${Object.keys(WORKLOADS).join(", ")}`);
  }
  const sum = nothing();
  for (let run = 0; run < runs; run++) {
    const tally = await compare(name, seconds);
    for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += tally[key];
  }
  if (runs > 1) tell(`${name}, ${runs} runs`, sum);
}
