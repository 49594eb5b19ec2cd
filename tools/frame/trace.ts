/**
 * Running a tool: load, attach, print events until something says stop, leave nothing behind.
 *
 * @module
 */

import { Bpf, type EventStream, type LoadOptions } from "../../mod.ts";
import { headLine, jsonRow, tableRow } from "./columns.ts";
import { toJson } from "./escape.ts";
import { HeldCommand } from "./held_command.ts";
import { Output } from "./output.ts";
import { UsageError, type Values } from "./options.ts";
import type { execOption, standardOptions } from "./standard.ts";
import { Stop } from "./stop.ts";
import type { AnyTool } from "./tool.ts";

const PAGE = 4096;
/** Events printed between two looks at whether to stop. */
const BATCH = 8192;
const LOSS_INTERVAL_MS = 1000;

type Standard = Values<typeof standardOptions> & Partial<Values<typeof execOption>>;

/** Runs a tool with parsed options until it is told to stop. @throws what went wrong, as one error */
export async function trace(tool: AnyTool, values: Standard): Promise<void> {
  const plan = tool.plan(values as never);
  const command = values.exec;
  using held = command ? await HeldCommand.start(command) : undefined;
  using bpf = Bpf.load(tool.object, loadOptions(tool, plan.load, values, held?.pid));
  using stream = bpf.events("events", tool.event);
  using stop = new Stop(() => stream.wake());
  const output = new Output();
  const losses = new LossReport(tool.name, stream, values.json, output);
  const row = (values.json ? jsonRow : tableRow)(plan.columns);
  const print = (event: never) => output.line(row(event));

  const links = bpf.attach();
  if (!values.json) output.line(headLine(plan.columns));
  await output.flush();
  if (isReadyWanted()) console.error("ready");
  stop.whenOutputCloses();
  if (values.duration !== undefined) stop.after(values.duration);
  let problem: string | undefined;
  held?.ended.then((reason) => {
    problem = reason;
    stop.request();
  });
  held?.release();

  while (!stop.requested && await stream.wait()) {
    stream.drain(print, BATCH);
    losses.reportNow();
    await output.flush();
  }
  // Nothing new may come while the rest is printed.
  for (const link of links) link.close();
  while (stream.drain(print, BATCH) > 0) await output.flush();
  losses.reportEnd();
  await output.flush();
  if (problem) throw new Error(problem);
}

function loadOptions(
  tool: AnyTool,
  load: LoadOptions,
  { bufferPages }: Standard,
  pid: number | undefined,
): LoadOptions {
  if (pid !== undefined && load.globals?.target_pid) {
    throw new UsageError("use either -p/--pid or --exec, not both");
  }
  return {
    ...load,
    name: tool.name,
    globals: { ...load.globals, ...pid === undefined ? {} : { target_pid: pid } },
    maps: { ...load.maps, events: { maxEntries: bufferPages * PAGE } },
  };
}

/** Tests and scripts set TSBCC_READY=1 to learn when every probe is in place. */
function isReadyWanted(): boolean {
  try {
    return process.env.TSBCC_READY === "1";
  } catch {
    return false; // Deno without permission to read the variable
  }
}

/** Tells how many events were lost: at most once a second, and at the end. */
class LossReport {
  readonly #name: string;
  readonly #stream: EventStream<never>;
  readonly #json: boolean;
  readonly #output: Output;
  #reported = 0;
  #next = 0;

  constructor(name: string, stream: EventStream<never>, json: boolean, output: Output) {
    this.#name = name;
    this.#stream = stream;
    this.#json = json;
    this.#output = output;
  }

  reportNow(): void {
    const lost = this.#stream.lost ?? 0;
    if (lost === this.#reported || performance.now() < this.#next) return;
    this.#next = performance.now() + LOSS_INTERVAL_MS;
    this.#report(lost, "so far");
  }

  reportEnd(): void {
    const lost = this.#stream.lost ?? 0;
    if (lost > 0) this.#report(lost, "in all");
  }

  #report(lost: number, when: string): void {
    this.#reported = lost;
    if (this.#json) this.#output.line(toJson({ record: "lost", total: lost }));
    console.error(
      `${this.#name}: lost ${lost} events ${when}: the ring buffer was full: raise -b/--buffer-pages`,
    );
  }
}
