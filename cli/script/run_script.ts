/**
 * `ts-bcc run`: compiles, loads and attaches a script or one-liner, and prints its output.
 *
 * @module
 */

import { type MapRole, STACK_MAP } from "../../kernel.ts";
import { Bpf, type Link, u64 } from "../../mod.ts";
import { closeLinks, isTerminal, prepareToWait, STDERR } from "../../plumbing.ts";
import { UsageError } from "../../toolkit/options/options.ts";
import { complain, remark } from "../../toolkit/output/complain.ts";
import { escapeText, toJson } from "../../toolkit/output/escape.ts";
import { Output, printText, requireOutput } from "../../toolkit/output/output.ts";
import { HeldCommand } from "../../toolkit/run/held_command.ts";
import { Losses } from "../../toolkit/run/losses.ts";
import { settleLater } from "../../toolkit/run/settle_later.ts";
import { Stop } from "../../toolkit/run/stop.ts";
import {
  requireStackFiles,
  stackFiles,
  writeStackFiles,
} from "../../toolkit/stacks/stack_files.ts";
import { Targets } from "../../toolkit/task/targets.ts";
import { foldedLines, mapLines, profiledStacks } from "./map_lines.ts";
import { MapReader } from "./read_maps.ts";
import { type AnyKernel, readExpression, readScript } from "./read_script.ts";
import { isRunOption, parseRun, runHelp, type RunOptions } from "./run_options.ts";
import { StackNames } from "./stack_names.ts";
import { Ticks } from "./ticks.ts";
import { UserSide } from "./user_side.ts";

const NAME = "ts-bcc run";

/**
 * Runs a script or one-liner. @throws {UsageError} and errors of compiling, loading and attaching
 */
export async function runScript(words: readonly string[]): Promise<void> {
  const { values, file, rest } = parseRun(words);
  if (values.help) return void await printText(runHelp());
  if (file === undefined) return await trace(readExpression(values.expression.join(",\n")), values);
  process.argv.splice(2, Infinity, ...rest);
  const code = await readScript(file);
  if (!code) return;
  const late = rest.find(isRunOption);
  if (late !== undefined) {
    complain(
      NAME,
      `${late} stands behind ${file} and is the script's own: what is for run goes before it`,
    );
  }
  await trace(code, values);
}

async function trace(code: AnyKernel, values: RunOptions): Promise<void> {
  prepareToWait();
  using targets = new Targets(values);
  const command = values.command?.trim().split(/\s+/);
  using held = command ? await HeldCommand.start(command) : undefined;
  const pid = held?.pid ?? values.pid;
  const chosen = code.with({ pid, stacks: values.stackSize });
  const bpf: Bpf = Bpf.load(chosen, { name: NAME });
  using _loaded = { [Symbol.dispose]: () => closeLinks([bpf]) };
  const aimless = [...bpf.programs.values()].find(({ section }) => section === "");
  if (aimless) {
    throw new UsageError(
      `program "${aimless.name}" does not say where to run: give its hook a target`,
    );
  }
  const maps = chosen.loadedMaps;
  if (!maps.has(STACK_MAP) && (values.folded || stackFiles(values).length > 0)) {
    throw new UsageError(
      "flame graphs are of stacks: count by kernelStack() or userStack(), such as " +
        "calls.increment(userStack())",
    );
  }
  requireOutput();
  requireStackFiles(values);
  const output = new Output();
  const losses = new Losses(NAME, values.json, output);
  losses.watchKernel(bpf);
  watchMaps(bpf, maps, losses);
  using names = StackNames.of(bpf, maps, pid);
  const reader = new MapReader(bpf, chosen, names, {
    top: values.top,
    differences: values.interval !== undefined,
  });
  losses.watch(MISSED_STACKS, () => reader.missedStacks);
  const streams = [...maps].filter(([, { role }]) => role === "events")
    .map(([name]) => [name, bpf.events(name)] as const);
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  using stop = new Stop(() => {
    resolve();
    for (const [, stream] of streams) stream.wake();
  });
  const user = new UserSide(chosen.userParts, bpf, output);
  await user.call("begin");
  const links = bpf.attach();
  const iterators = iteratorsOf(bpf, links);
  if (process.env.TSBCC_READY === "1") console.error("ready");
  else if (isTerminal(STDERR) && iterators.length < links.length) {
    remark("Tracing… Hit Ctrl-C to end.");
  }
  using _settling = settleLater();
  stop.whenOutputCloses();
  if (values.duration !== undefined) stop.after(values.duration);
  let problem: string | undefined;
  held?.ended.then((reason) => {
    problem = reason;
    stop.request();
  });
  targets.ended.then(() => stop.request());
  held?.release();

  for (const link of iterators) output.text(link.text());
  if (iterators.length === links.length) stop.request();
  const drain = () => {
    for (const [name, stream] of streams) {
      stream.drain((event) => output.line(eventLine(name, event, values.json)));
    }
  };
  using ticks = new Ticks(values.interval);
  using intervals = user.intervals();
  while (!stop.requested) {
    const waits = streams.map(([, stream]) => stream.wait());
    await Promise.race([stopped, ticks.next, intervals.next(), ...waits]);
    drain();
    if (!stop.requested) await intervals.call();
    if (ticks.isDue() && !stop.requested) {
      for (const line of mapLines(reader.read(), values)) output.line(line);
    }
    losses.reportNow();
    await output.flush();
  }
  closeLinks(links);
  drain();
  await user.call("end");
  const content = reader.read();
  const files = writeStackFiles(
    { tool: NAME, unit: "count", time: Date.now(), stacks: profiledStacks(content) },
    () => foldedLines(content),
    values,
  );
  for (const line of mapLines(content, values)) output.line(line);
  for (const { file, text } of files) {
    output.line(values.json ? toJson({ record: "graph", file }) : text);
  }
  losses.reportEnd();
  await output.flush();
  if (problem !== undefined) throw new Error(problem);
}

const MISSED_STACKS = {
  kind: "dropped",
  what: "stacks",
  reason: "the kernel's map of stacks had no room for them: raise --stack-storage-size",
} as const;

/** The links of iterators, whose programs run only when their output is read. */
function iteratorsOf(bpf: Bpf, links: readonly Link[]): Link[] {
  const isIterator = [...bpf.programs.values()].map(({ section }) => section.startsWith("iter/"));
  return links.filter((_, i) => isIterator[i]);
}

function eventLine(name: string, event: unknown, json: boolean): string {
  if (typeof event === "string") return json ? toJson({ print: event }) : escapeText(event);
  return json ? toJson({ event: name, ...event as object }) : toJson(event);
}

function lossOf(map: string, role: MapRole | undefined): { what: string; reason: string } {
  if (role === undefined) {
    return { what: "events", reason: "the buffer of printed lines was full: print less" };
  }
  if (role === "events") {
    return { what: "events", reason: `the buffer ${map} was full: give it more bytes` };
  }
  return { what: "keys", reason: `the map ${map} was full: give it more entries` };
}

/** Watches the globals `NAME_dropped`, which count what a full buffer or map dropped. */
function watchMaps(bpf: Bpf, maps: AnyKernel["loadedMaps"], losses: Losses): void {
  for (const name of bpf.globalNames) {
    const [, map] = /^(.+)_dropped$/.exec(name) ?? [];
    if (map === undefined) continue;
    const count = bpf.global(name, u64.asNumber);
    // `maps` lacks the buffer of print(), which the compiler adds: its role is undefined.
    losses.watch({ kind: "dropped", ...lossOf(map, maps.get(map)?.role) }, () => count.value);
  }
}
