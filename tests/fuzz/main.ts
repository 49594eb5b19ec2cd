/**
 * `deno task fuzz [--seconds N] [--count N] [--seed N] [--from N] [PARSER…]`: tries every parser of
 * bytes from outside, or the named ones, on damaged inputs.
 *
 * Each parser runs in a process of its own: a hanging process is ended, and of a crashed one the
 * last input is reported.
 *
 * @module
 */

import { spawn } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { scriptCommand } from "../support/runtime.ts";
import { type Find, fuzz } from "./fuzz.ts";
import { TARGETS } from "./targets.ts";

/**
 * Limits for one input: in CPU time, because other processes may use the CPU, and in elapsed time.
 */
const MAX_CPU_SECONDS = 30;
const MAX_WAIT_MS = 600_000;
const SHOWN = 400;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    count: { type: "string" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    // Internal: the file in which a child process writes the number of its current input.
    progress: { type: "string" },
  },
});

const whole = (name: string, text: string) => {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`fuzz: expected a whole number for --${name}, found "${text}"`);
  process.exit(2);
};
const seed = whole("seed", values.seed);
const from = whole("from", values.from);
const seconds = values.seconds === undefined ? undefined : whole("seconds", values.seconds);
const count = whole("count", values.count ?? (seconds === undefined ? "10000" : "1000000000"));
const names = positionals.length > 0 ? positionals : TARGETS.map(({ name }) => name);
const unknown = names.find((name) => !TARGETS.some((target) => target.name === name));
if (unknown !== undefined) {
  const known = TARGETS.map(({ name }) => name).join(", ");
  console.error(`fuzz: there is no parser "${unknown}": there are ${known}`);
  process.exit(2);
}

if (values.progress !== undefined) await runHere(names[0]!, values.progress);
else {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-fuzz-"));
  let isClean = true;
  try {
    for (const name of names) isClean = await runChild(name, join(folder, name)) && isClean;
  } finally {
    rmSync(folder, { recursive: true });
  }
  process.exitCode = isClean ? 0 : 1;
}

async function runHere(name: string, progress: string): Promise<void> {
  const target = TARGETS.find((target) => target.name === name)!;
  const file = openSync(progress, "r+"); // the parent process polls this file
  const number = new Uint8Array(8);
  const view = new DataView(number.buffer);
  const start = performance.now();
  const { inputs, accepted, find } = await fuzz(target, {
    seed,
    from,
    count,
    ...seconds === undefined ? {} : { seconds },
    onInput(index) {
      view.setFloat64(0, index);
      writeSync(file, number, 0, 8, 0);
    },
  });
  closeSync(file);
  const took = ((performance.now() - start) / 1000).toFixed(1);
  const share = Math.round(100 * accepted / Math.max(inputs, 1));
  const result = find ? "FOUND" : "no find";
  console.log(`${name}: ${inputs} inputs in ${took} s, ${share} % accepted, ${result}`);
  if (find) tell(name, find);
  process.exitCode = find ? 1 : 0;
}

async function runChild(name: string, progress: string): Promise<boolean> {
  writeFileSync(progress, new Uint8Array(8));
  const own = fileURLToPath(import.meta.url);
  const limit = seconds === undefined ? [] : ["--seconds", String(seconds)];
  const words = [
    "--seed",
    String(seed),
    "--from",
    String(from),
    "--count",
    String(count),
    ...limit,
  ];
  const [program, ...args] = [...scriptCommand(own), ...words, "--progress", progress, name];
  const child = spawn(program!, args, { stdio: ["ignore", "inherit", "inherit"] });
  const at = () => new DataView(Uint8Array.from(readFileSync(progress)).buffer).getFloat64(0);
  let [last, since, used, isStuck] = [-1, performance.now(), 0, false];
  const watch = setInterval(() => {
    if (at() !== last) [last, since, used] = [at(), performance.now(), cpuSeconds(child.pid!)];
    isStuck ||= performance.now() - since > MAX_WAIT_MS ||
      cpuSeconds(child.pid!) - used > MAX_CPU_SECONDS;
    if (isStuck) child.kill("SIGKILL");
  }, 1000);
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on("exit", (status, signal) => resolve([status, signal]));
  });
  clearInterval(watch);
  if (status !== null) return status === 0;
  const what = isStuck ? "did not come back in time" : `ended it by ${signal}`;
  console.log(`${name}: FOUND: input ${at()} ${what}`);
  console.log(again(name, at()));
  return false;
}

/** CPU time of a process in seconds; 0 if it has ended. */
function cpuSeconds(pid: number): number {
  try {
    // proc_pid_stat(5): utime and stime, in hundredths, behind the name in brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

function tell(name: string, { index, what, input }: Find): void {
  console.log(`  input ${index}: ${what.replaceAll("\n", "\n    ")}`);
  const text = typeof input === "string" ? JSON.stringify(input) : input.toHex();
  console.log(`  ${text.slice(0, SHOWN)}${text.length > SHOWN ? `… (${input.length})` : ""}`);
  console.log(again(name, index));
}

function again(name: string, index: number): string {
  return `  again: deno task fuzz ${name} --seed ${seed} --from ${index} --count 1`;
}
