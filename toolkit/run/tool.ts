/**
 * The definition of a tool: data, and a pure function from options to what is loaded and printed.
 *
 * @module
 */

import type { Bpf, Codec, CompileOptions, Link, LoadOptions } from "../../mod.ts";
import type { KernelCode } from "../../bpf/kernel_code.ts";
import type { Columns } from "../output/columns.ts";
import type { Options, Values } from "../options/options.ts";
import type { Machine } from "../machine/machine.ts";
import type { Report } from "../output/report.ts";
import type { Who } from "../task/who.ts";

/** A kernel side whose text is known only when the tool runs. */
export interface SourcePlan {
  /** The text, in bcc's dialect of C. */
  readonly text: string;
  /** Whether to print the text on standard error before it is compiled. */
  readonly verbose?: boolean;
  /** How it is compiled. */
  readonly options: CompileOptions;
  /**
   * The same without libbcc, which is preferred.
   *
   * @throws {UsageError} where only libbcc may know what is asked for
   */
  own?(): KernelCode<unknown, unknown>;
  /** The error to throw in place of what the compiler or the verifier said. */
  explain?(error: unknown): unknown;
}

/** What all that trace have in common. */
export interface Tracing {
  /** Passed to `Bpf.load` with the tool's object; the frame adds the size of the ring buffer. */
  readonly load?: LoadOptions;
  /** Functions of TypeScript that are loaded instead, where they depend on the options. */
  readonly code?: KernelCode<unknown, unknown>;
  /** What is compiled instead, with libbcc. */
  readonly source?: SourcePlan;
  /** A line for people, printed before anything else once every probe is in place. */
  readonly intro?: string | undefined;
  /** What may still come once the traced process has ended, as people are told; else the tool ends with it. */
  readonly outlives?: string;
  /** The exit status at the end, for tools that look for something: 1 says that it is there. Default 0. */
  status?(): number;
  /**
   * Sets up what is loaded before it is attached: fills maps. What it returns is closed at the end.
   *
   * @param pid the process that a command is held back in
   */
  prepare?(bpf: Bpf, pid: number | undefined): Disposable | void;
  /**
   * Attaches what no section can say, such as functions of a file that is looked up. Without it all
   * programs are attached where their sections say.
   *
   * @param pid the process that a command is held back in
   */
  attach?(bpf: Bpf, pid: number | undefined): Promise<readonly Link[]>;
}

/** Prints one row per event of the ring buffer `events`. */
export interface EventPlan<E extends { readonly who: Who }> extends Tracing {
  /** The event, as the kernel side declares it. */
  readonly event: Codec<E>;
  /** Columns of the table, and keys of the JSON. */
  readonly columns: Columns<E>;
  /** Whether names of the columns are printed above the rows. Default true. */
  readonly heading?: boolean;
  /** Print comma-separated values instead of a table. */
  readonly csv?: boolean;
  /** End after so many events were printed. */
  readonly most?: number | undefined;
  /** Whether to print an event, for what the kernel side cannot decide. */
  wants?(event: E): boolean;
  /** Lines below a row, for people. */
  below?(event: E): readonly string[];
  /** Print each different row once, at the end, with the number of events that had it. */
  readonly aggregate?: boolean;
  /** For people in place of rows, as it is and below no heading: what they asked to see unchanged. */
  raw?(event: E): string;
  /** What events leave out, counted by the kernel side in a variable. */
  readonly truncated?: { readonly global: string; readonly what: string; readonly reason: string };
  /** How many events were dropped, where the kernel side has no variable that says so. */
  dropped?(bpf: Bpf): number;
}

/** A signal that may ask for a report. */
export type ReportSignal = "SIGUSR1" | "SIGUSR2";

/** Prints what maps hold, at intervals or once at the end. */
export interface ReportPlan extends Tracing {
  /** Seconds between reports; undefined: one at the end. */
  readonly interval: number | undefined;
  /** End after so many reports. */
  readonly count?: number | undefined;
  /** On a terminal each report takes the place of the one before. */
  readonly redraw?: boolean;
  /** Whether nothing more can come, so that the next report is the last. */
  isOver?(): boolean;
  /**
   * Signals that ask for a report at once. Without an interval a first report then tells whoever
   * sends them that everything is in place.
   */
  readonly signals?: readonly ReportSignal[];
  /**
   * Prints a report. The last one comes when nothing is attached any more. What takes long goes in slices
   * ({@linkcode Report.each}), so that a signal is heard.
   *
   * @param signal what asked for it, if a signal did
   */
  report(bpf: Bpf, report: Report, signal?: ReportSignal): void | Promise<void>;
}

/** Prints a text and ends, for options such as `--list`. */
export interface TextPlan {
  /** What to print, or what finds it out. */
  readonly text: string | (() => string);
}

/** What a tool does with one set of options. */
export type Plan<E extends { readonly who: Who }> = EventPlan<E> | ReportPlan | TextPlan;

/** A tool. */
export interface Tool<O extends Options, E extends { readonly who: Who }> {
  /** The command's name. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Calls and what they do, as help shows them. */
  readonly examples: readonly (readonly [call: string, meaning: string])[];
  /**
   * The kernel side: functions of TypeScript, `kernel({ … })`, or what is compiled beforehand, the default
   * export of `NAME.bpf.o.ts`; or plans have a source.
   */
  readonly object?: Uint8Array | KernelCode<unknown, unknown>;
  /** Must include {@linkcode eventOptions} or {@linkcode standardOptions}. */
  readonly options: O;
  /**
   * With which arguments it traces the whole machine, for tests of all tools together; `false` where
   * it cannot, with the reason beside it. Default none.
   */
  readonly sample?: readonly string[] | false;
  /**
   * Names that `ts-bcc` knows besides: each is this tool with some arguments given, such as `javacalls`
   * for `ucalls -l java`.
   */
  readonly commands?: Readonly<Record<string, readonly string[]>>;
  /**
   * What an executable made with Deno may do: "ffi" is what tracing takes, with running the command of
   * `--exec` in its environment; "all" is for tools that write files, or read those of /proc that Deno
   * lets nobody read without. Default "ffi".
   */
  readonly permissions?: "ffi" | "all";
  /**
   * What the tool does with these options. It must be pure: what depends on the machine it asks of its second
   * argument, and all else waits until the plan is carried out.
   *
   * @throws {UsageError} when they contradict each other
   */
  plan(values: Values<O>, machine: Machine): Plan<E>;
}

/** A tool whose types matter to nobody any more: what lists of tools hold. */
export type AnyTool = Tool<Options, never>;

/** Checks a tool's types; it returns its argument. */
export function defineTool<const O extends Options, E extends { readonly who: Who } = never>(
  tool: Tool<O, E>,
): AnyTool {
  return tool as unknown as AnyTool;
}

/** A plan that prints a row per event; by the event's codec its columns know their types. */
export function eventPlan<E extends { readonly who: Who }>(
  event: Codec<E>,
  plan: Omit<EventPlan<E>, "event">,
): EventPlan<E> {
  return { event, ...plan };
}
