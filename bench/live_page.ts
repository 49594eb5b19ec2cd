/**
 * The cost of a live page for its tool: opensnoop traces processes that open missing files, first printing to
 * /dev/null, then with `--web` and no page open, then with a page open in a real browser; in turns.
 *
 *     deno run -A bench/live_page.ts [--rate N] [--seconds N] [--rounds N]
 *     deno run -A bench/live_page.ts --minutes N [--rate N]
 *
 * The second form keeps one page open, and prints the memory of the tool and of the page. The tool runs under the
 * runtime that runs this, or from TSBCC_EXECUTABLE. `bash bench/install.sh` builds the workload.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { Chromium, type Tab } from "../tests/support/chromium.ts";
import { Running } from "../tests/support/process.ts";
import { RUNTIME } from "../tests/support/runtime.ts";
import { READY, toolCommand } from "../tests/support/tool.ts";
import { median } from "./median.ts";
import { numbers } from "./numbers.ts";
import { builtPath } from "./question.ts";

const PROCESSES = 4;
const HERTZ = 100;
const SAMPLE_MS = 30_000;

const { rate, seconds, rounds, minutes } = numbers({
  rate: 100_000,
  seconds: 10,
  rounds: 3,
  minutes: 0,
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** CPU time of a process, in seconds. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
  return (Number(stat[11]) + Number(stat[12])) / HERTZ;
}

/** Resident memory of a process, in MiB. */
function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

const NAME = "open_files";
const startWorkload = (seconds: number) =>
  Running.start([builtPath(NAME), String(PROCESSES), String(rate), String(seconds)]);

const TO_NOTHING = ["sh", "-c", 'exec "$@" > /dev/null', "sh"];

const startTool = async (...words: string[]) => {
  const command = [...toolCommand("opensnoop"), "-n", NAME, ...words];
  const tool = Running.start(words[0] === "--web" ? command : [...TO_NOTHING, ...command], READY);
  await tool.find("stderr", /^ready$/m);
  return tool;
};
const urlOf = async (tool: Running) =>
  (await tool.find("stderr", /the page is at (http:\S+)$/m))[1]!;

/** The number of dropped events in the tool's messages. */
const droppedIn = (stderr: string) =>
  [...stderr.matchAll(/dropped (\d+) events in all/g)]
    .reduce((sum, [, count]) => sum + Number(count), 0);

/** A script that records the milliseconds between animation frames in the page. */
const WATCH_FRAMES = `globalThis.frames_ = []; (function next(last) {
  requestAnimationFrame((now) => { if (last) frames_.push(now - last); next(now); });
})()`;

interface Figures {
  readonly opens: number;
  readonly lostPercent: number;
  readonly cpuPerMillion: number;
  readonly frameMs?: number;
  readonly frame99Ms?: number;
}

/** Runs the tool on the workload once. @param browser if given, opens the page in it */
async function once(words: readonly string[], browser?: Chromium): Promise<Figures> {
  await using tool = await startTool(...words);
  const tab = browser && await browser.open(await urlOf(tool));
  await using workload = startWorkload(seconds);
  await tab?.value(WATCH_FRAMES);
  const before = cpuOf(tool.pid);
  workload.send();
  const { stdout } = await workload.result;
  const cpu = cpuOf(tool.pid) - before;
  const frames = (await tab?.value<number[]>("frames_"))?.sort((a, b) => a - b);
  tool.kill("SIGINT");
  const { stderr } = await tool.result;
  await tab?.ask("Page.close");
  const opens = Number(stdout);
  return {
    opens,
    lostPercent: 100 * droppedIn(stderr) / opens,
    cpuPerMillion: 1e6 * cpu / opens,
    ...frames && {
      frameMs: frames[Math.floor(frames.length / 2)]!,
      frame99Ms: frames[Math.floor(frames.length * 0.99)]!,
    },
  };
}

async function compare(): Promise<void> {
  await using browser = await Chromium.start();
  const subjects = {
    "prints to /dev/null": () => once([]),
    "--web, no page": () => once(["--web"]),
    "--web, a page open": () => once(["--web"], browser),
  };
  const seen: Record<string, Figures[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(subjects)) (seen[name] ??= []).push(await run());
  }
  const load = readFileSync("/proc/loadavg", "utf8").split(" ")[0];
  console.log(`${RUNTIME}, ${PROCESSES} processes, ${rate} opens/s asked for, load ${load}`);
  for (const [name, runs] of Object.entries(seen)) {
    const lost = runs.map(({ lostPercent }) => lostPercent.toFixed(2)).join(" ");
    const middle = (key: keyof Figures) => median(runs.map((run) => run[key] ?? NaN)).toFixed(2);
    console.log(
      `${name.padEnd(20)} ${Math.round(Number(middle("opens")) / seconds)} opens/s, ` +
        `lost ${lost} %, CPU ${middle("cpuPerMillion")} s per million` +
        (runs[0]!.frameMs
          ? `, frames ${middle("frameMs")} ms, 99 % ${middle("frame99Ms")} ms`
          : ""),
    );
  }
}

/** The size of a page's JavaScript heap in MiB, after a garbage collection. */
async function heapOf(tab: Tab): Promise<number> {
  await tab.ask("HeapProfiler.collectGarbage");
  const { usedSize } = await tab.ask("Runtime.getHeapUsage") as { usedSize: number };
  return usedSize / 2 ** 20;
}

async function watch(minutes: number): Promise<void> {
  await using browser = await Chromium.start();
  await using tool = await startTool("--web");
  const tab = await browser.open(await urlOf(tool));
  await using workload = startWorkload(minutes * 60);
  workload.send();
  console.log(
    `${RUNTIME}, ${rate} opens/s asked for\nminutes  tool, MiB  page's heap, MiB  events`,
  );
  const total = "document.querySelector('#total').textContent";
  for (let at = 0; at <= minutes * 60_000; at += SAMPLE_MS) {
    console.log(
      `${(at / 60_000).toFixed(1).padStart(7)} ${residentOf(tool.pid).toFixed(1).padStart(10)} ` +
        `${(await heapOf(tab)).toFixed(2).padStart(17)}  ${await tab.value(total)}`,
    );
    await sleep(SAMPLE_MS);
  }
  const { stdout } = await workload.result;
  console.log(`${stdout.trim()} opens; the page tells ${await tab.value(total)}`);
  tool.kill("SIGINT");
  console.log(`dropped ${droppedIn((await tool.result).stderr)}`);
}

await (minutes > 0 ? watch(minutes) : compare());
