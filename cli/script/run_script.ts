/**
 * `ts-bcc run`: scripts of one file and one-liners, from their text to their last line.
 *
 * @module
 */

import { Bpf, type Link, u64 } from "../../mod.ts";
import { prepareToWait } from "../../plumbing.ts";
import {
  list,
  parseOptions,
  text,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import { filterOptions, standardOptions } from "../../toolkit/options/standard_options.ts";
import { remark } from "../../toolkit/output/complain.ts";
import { escapeText, toJson } from "../../toolkit/output/escape.ts";
import { Output } from "../../toolkit/output/output.ts";
import { HeldCommand } from "../../toolkit/run/held_command.ts";
import { Losses } from "../../toolkit/run/losses.ts";
import { Stop } from "../../toolkit/run/stop.ts";
import { Targets } from "../../toolkit/task/targets.ts";
import { mapLines } from "./map_report.ts";
import { type AnyKernel, readExpression, readScript } from "./read_script.ts";

const NAME = "ts-bcc run";
const { pid } = filterOptions;
const { duration, json } = standardOptions;

/** Programs instead of a file. */
export const expression = list({
  short: "e",
  long: "expression",
  meta: "TEXT",
  help: "programs, separated by commas, instead of a file",
});

const OPTIONS = {
  expression,
  pid,
  command: text({
    short: "c",
    long: "command",
    meta: "COMMAND",
    help: "run a command, split at spaces, and trace only it",
  }),
  duration,
  json,
} as const;

type Options = Values<typeof OPTIONS>;

/** Runs what the words say. @throws {UsageError} and what compiling, loading and attaching throw */
export async function runScript(words: readonly string[]): Promise<void> {
  const { own, file, rest } = splitWords(words);
  const values = parseOptions(OPTIONS, own);
  const { expression } = values;
  if (expression.length > 0 === (file !== undefined)) {
    throw new UsageError("run needs a FILE, or programs behind -e");
  }
  if (values.pid !== undefined && values.command !== undefined) {
    throw new UsageError("use either -p/--pid or -c/--command, not both");
  }
  if (file === undefined) return await trace(readExpression(expression.join(",\n")), values);
  process.argv.splice(2, Infinity, ...rest);
  const code = await readScript(file);
  if (code) await trace(code, values);
}

/** What stands behind the file is the script's own. */
function splitWords(words: readonly string[]) {
  const takesValue = (word: string) =>
    Object.values(OPTIONS).some((
      { short, long, meta }: { short?: string; long: string; meta?: string },
    ) => meta !== undefined && (word === `-${short}` || word === `--${long}`));
  let i = 0;
  while (i < words.length && words[i]!.startsWith("-") && words[i] !== "-") {
    i += takesValue(words[i]!) ? 2 : 1;
  }
  return { own: words.slice(0, i), file: words[i], rest: words.slice(i + 1) };
}

async function trace(code: AnyKernel, values: Options): Promise<void> {
  prepareToWait();
  using targets = new Targets(values);
  const command = values.command?.trim().split(/\s+/);
  using held = command ? await HeldCommand.start(command) : undefined;
  const chosen = code.with({ pid: held?.pid ?? values.pid });
  using bpf: Bpf = Bpf.load(chosen, { name: NAME });
  const aimless = [...bpf.programs.values()].find(({ section }) => section === "");
  if (aimless) {
    throw new UsageError(
      `program "${aimless.name}" does not say where to run: give its hook a target`,
    );
  }
  const output = new Output();
  const losses = new Losses(NAME, values.json, output);
  losses.watchKernel(bpf);
  const maps = chosen.loadedMaps;
  watchMaps(bpf, losses);
  const streams = [...maps].filter(([, { role }]) => role === "events")
    .map(([name]) => [name, bpf.events(name)] as const);
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  using stop = new Stop(() => {
    resolve();
    for (const [, stream] of streams) stream.wake();
  });
  const links = bpf.attach();
  const iterators = iteratorsOf(bpf, links);
  if (process.env.TSBCC_READY === "1") console.error("ready");
  else if (process.stderr.isTTY && iterators.length < links.length) {
    remark("Tracing… Hit Ctrl-C to end.");
  }
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
  if (streams.length === 0) await stopped;
  while (!stop.requested) {
    await Promise.race([stopped, ...streams.map(([, stream]) => stream.wait())]);
    drain();
    losses.reportNow();
    await output.flush();
  }
  for (const link of links) link.close();
  drain();
  for (const line of mapLines(bpf, maps, values.json)) output.line(line);
  losses.reportEnd();
  await output.flush();
  if (problem !== undefined) throw new Error(problem);
}

/** An iterator runs when its text is read. */
function iteratorsOf(bpf: Bpf, links: readonly Link[]): Link[] {
  const isIterator = [...bpf.programs.values()].map(({ section }) => section.startsWith("iter/"));
  return links.filter((_, i) => isIterator[i]);
}

function eventLine(name: string, event: unknown, json: boolean): string {
  if (typeof event === "string") return json ? toJson({ print: event }) : escapeText(event);
  return json ? toJson({ event: name, ...event as object }) : toJson(event);
}

/** What buffers and maps had no room for. */
function watchMaps(bpf: Bpf, losses: Losses): void {
  for (const name of bpf.globalNames) {
    const [, map, what] = /^(.+)_(lost|dropped)$/.exec(name) ?? [];
    if (map === undefined) continue;
    const count = bpf.global(name, u64.asNumber);
    const reason = what === "lost"
      ? `the buffer ${map} was full: print less, or give it more bytes`
      : `the map ${map} was full: give it more entries`;
    losses.watch(
      { kind: "dropped", what: what === "lost" ? "events" : "keys", reason },
      () => count.value,
    );
  }
}
