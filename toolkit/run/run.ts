/**
 * Runs a tool: load, attach, print until it is stopped, release everything.
 *
 * @module
 */

import { Bpf, LibraryError, type LoadOptions, openCgroup } from "../../mod.ts";
import type { KernelCode } from "../../bpf/kernel_code.ts";
import {
  closeLinks,
  isTerminal,
  pageSize,
  prepareToWait,
  STDERR,
  waitOnThisThread,
} from "../../plumbing.ts";
import { HeldCommand } from "./held_command.ts";
import { complain, complainLines, remark, withProgress } from "../output/complain.ts";
import { NoOutput, Output, printText, requireOutput } from "../output/output.ts";
import { UsageError, type Values } from "../options/options.ts";
import { Losses } from "./losses.ts";
import { type RunDestinations, withDestinations } from "./run_destinations.ts";
import { Reports, Rows } from "./printer.ts";
import { capable } from "../machine/capable_machine.ts";
import { type Machine, thisMachine } from "../machine/machine.ts";
import { ringPages } from "../options/buffer_pages_option.ts";
import { settle } from "../options/machine_globals.ts";
import type {
  containerOptions,
  eventOptions,
  execOption,
  standardOptions,
} from "../options/standard_options.ts";
import { jsonSchema, type Schema } from "../records/json_schema.ts";
import { recordsOf } from "./plan_records.ts";
import { settleLater } from "./settle_later.ts";
import { PATIENCE_MS, Stop } from "./stop.ts";
import { Targets } from "../task/targets.ts";
import { tracingLine } from "./tracing_line.ts";
import type { AnyTool, EventPlan, Plan, ReportPlan, SourcePlan } from "./tool.ts";

/** The unit of the default buffer size, whatever the machine's page size. */
const PAGE = 4096;

/** The values of options that {@linkcode run} itself looks at. */
export type Standard =
  & Values<typeof standardOptions>
  & Partial<Values<typeof eventOptions & typeof execOption & typeof containerOptions>>;
/** A plan that traces. */
export type TracingPlan = EventPlan<never> | ReportPlan;

/**
 * Runs a tool with parsed options until it is told to stop; its exit status.
 *
 * @throws what went wrong, as one error
 */
export async function run(tool: AnyTool, values: Standard): Promise<number> {
  const { destinations, plan, values: settled } = await withDestinations(
    tool,
    values,
    planHere,
  );
  if ("text" in plan) {
    await printText(typeof plan.text === "string" ? plan.text : plan.text());
    return 0;
  }
  using _destinations = destinations;
  await trace(tool, plan, settled, destinations, values.json);
  return destinations?.haveFailed ? 1 : plan.status?.() ?? 0;
}

const planHere = (tool: AnyTool, values: Standard) => planOf(tool, values, thisMachine);

/** What a tool does with these values on a machine. @throws {UsageError} when they contradict each other */
export function planOf(tool: AnyTool, values: Standard, machine: Machine): Plan<never> {
  const plan = tool.plan(values as never, machine);
  if (values.exec && !("text" in plan) && plan.load?.globals?.target_pid) {
    throw new UsageError("use either -p/--pid or --exec, not both");
  }
  return plan;
}

/**
 * The JSON Schema of what a tool prints with these values, also where the machine lacks its hooks.
 *
 * @throws {UsageError} where the values contradict each other, or the tool does not declare its
 * records
 */
export function schemaOf(
  tool: AnyTool,
  values: Standard,
  machine: Machine = thisMachine,
): Schema {
  const asked = { ...values, json: true };
  let plan: Plan<never>;
  try {
    plan = planOf(tool, asked, machine);
  } catch {
    // The machine may lack a hook. Usage errors do not depend on that, so they are thrown again.
    plan = planOf(tool, asked, capable(machine));
  }
  return jsonSchema(tool, recordsOf(tool, plan, values));
}

async function trace(
  tool: AnyTool,
  plan: TracingPlan,
  values: Standard,
  destinations: RunDestinations | undefined,
  prints: boolean,
): Promise<void> {
  const output = destinations && !prints ? new NoOutput() : new Output();
  if (output.prints) requireOutput();
  // A run that also serves, sends or has a child leaves its event loop to the runtime.
  if (destinations || values.exec) prepareToWait();
  else await waitOnThisThread();
  using targets = new Targets(values);
  using held = values.exec ? await HeldCommand.start(values.exec) : undefined;
  const bpf = loadPlan(tool, plan, values, held?.pid);
  using _loaded = { [Symbol.dispose]: () => closeLinks([bpf]) };
  setCgroup(bpf, values.cgroup);
  using _prepared = plan.prepare?.(bpf, held?.pid) ?? undefined;
  const losses = new Losses(tool.name, values.json, output, destinations);
  losses.watchKernel(bpf);
  using printer = "event" in plan
    ? new Rows(bpf, plan, output, losses, values, destinations)
    : new Reports(tool.name, bpf, plan, output, losses, values, destinations);
  // Until here a signal ends the process by default. From here on that would be slow, because the
  // kernel would detach the programs one by one.
  let isTold = false;
  const stopped = Promise.withResolvers<undefined>();
  using stop = new Stop(() => {
    stopped.resolve(undefined);
    printer.wake();
  }, () => {
    // Only on a terminal: in a script a reader may just be slow. A write that began just now is no
    // sign of a missing reader.
    if (isTold || output.waitingMs < PATIENCE_MS || !isTerminal(STDERR)) return;
    isTold = true;
    complain(tool.name, "nobody reads what was seen until now: that signal again ends without it");
  }, () => printer.interrupt());
  // Attaching by section names is fast, and needs no progress line.
  const links = plan.attach
    ? await withProgress(tool.name, "attaching", () => {
      const attaching = Promise.resolve(plan.attach!(bpf, held?.pid));
      attaching.catch(() => {}); // after a stop it runs on with closed objects
      return Promise.race([attaching, stopped.promise]);
    })
    : bpf.attach();
  if (!links) throw new Error("a signal came before all probes were set: nothing was traced");
  // Written by itself, not as part of the output: a reader that leaves after this line has seen no
  // report.
  if (plan.intro !== undefined && !values.json) {
    if (output.prints) await printText(plan.intro);
  } else if (isSilent(plan) && isTerminal(STDERR)) remark(tracingLine(tool.summary));
  await destinations?.start(losses, () => stop.request());
  await printer.begin();
  await output.flush();
  if (isReadyWanted()) console.error("ready");
  using _settling = settleLater();
  // Also where a tool only serves its page: whoever started it keeps its output open while it is
  // needed.
  if (output.prints || values.web) stop.whenOutputCloses();
  if (values.duration !== undefined) stop.after(values.duration);
  let problem: string | undefined;
  held?.ended.then((reason) => {
    problem = reason;
    stop.request();
  });
  targets.ended.then((which) => {
    const { outlives } = plan;
    if (stop.requested) return;
    complain(tool.name, `${which} ended` + (outlives ? `, but ${outlives}: Ctrl-C ends` : ""));
    if (!outlives) stop.request();
  });
  held?.release();

  await printer.run(stop);
  // No new events may arrive while the rest is printed.
  closeLinks(links);
  await printer.finish();
  await output.flush();
  await destinations?.end();
  if (problem) throw new Error(problem);
}

function load(code: NonNullable<AnyTool["object"]>, options: LoadOptions): Bpf {
  return code instanceof Uint8Array ? Bpf.load(code, options) : Bpf.load(code, options);
}

/**
 * Whether the tool prints nothing until something happens, and no line that says what it traces.
 */
function isSilent(plan: TracingPlan): boolean {
  return plan.intro === undefined && ("event" in plan || plan.interval === undefined);
}

/** Loads the programs of a plan into the kernel. @param pid the process that a command is held back in */
export function loadPlan(
  tool: AnyTool,
  plan: TracingPlan,
  values: Standard,
  pid: number | undefined,
): Bpf {
  return plan.source
    ? compile(tool, plan.source)
    : load(plan.code ?? tool.object!, loadOptions(tool, plan, values, pid));
}

function compile({ name }: AnyTool, source: SourcePlan): Bpf {
  const { text, options, explain, verbose } = source;
  if (verbose) complainLines(text);
  const own = ownCode(source);
  try {
    if (own && !(own instanceof UsageError)) return Bpf.load(own, { name });
    return withProgress(name, "compiling", () => Bpf.compile(text, { name, ...options }));
  } catch (error) {
    if (own instanceof UsageError && error instanceof LibraryError) throw withoutLibbcc(own);
    throw explain?.(error) ?? error;
  }
}

/**
 * The error for something unknown to our compiler, when libbcc, which might know it, is not
 * installed.
 */
function withoutLibbcc(mistake: UsageError): UsageError {
  const hint = "libbcc, which knows all of C and the kernel's headers, cannot be opened";
  mistake.message = mistake.message.replace(/\n|$/, (end) => ` (${hint})${end}`);
  return mistake;
}

/** The code compiled without libbcc, or why that is impossible. */
function ownCode({ own }: SourcePlan): KernelCode<unknown, unknown> | UsageError | undefined {
  try {
    return own?.();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

function loadOptions(
  tool: AnyTool,
  plan: TracingPlan,
  values: Standard,
  pid: number | undefined,
): LoadOptions {
  const { load = {} } = plan;
  const sizes = "event" in plan && "bufferPages" in values
    ? {
      events: {
        maxEntries: ringPages(values.bufferPages, thisMachine) * pageOf(values.bufferPages),
      },
    }
    : {};
  const globals = settle(load.globals ?? {}, values, thisMachine);
  return {
    ...load,
    name: tool.name,
    globals: { ...globals, ...pid === undefined || plan.attach ? {} : { target_pid: pid } },
    maps: { ...load.maps, ...sizes },
  };
}

/** Puts the folder of `--cgroup` where filter.h looks for it. */
function setCgroup(bpf: Bpf, path: string | undefined): void {
  if (path === undefined) return;
  using cgroup = openCgroup(path);
  bpf.cgroupArray("cgroup_root").set(0, cgroup.fd);
}

/** Tests and scripts set TSBCC_READY=1 to learn when every probe is in place. */
function isReadyWanted(): boolean {
  try {
    return process.env.TSBCC_READY === "1";
  } catch {
    return false; // Deno without permission to read the variable
  }
}

/** `-b` counts pages of the machine's size, as in bcc. */
const pageOf = (asked: number | undefined) => asked === undefined ? PAGE : pageSize();
