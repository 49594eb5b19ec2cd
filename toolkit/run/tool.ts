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
import type { RecordShape } from "../records/record_shape.ts";
import type { Who } from "../task/who.ts";
import type { Span } from "../timeline/timeline.ts";

/** A kernel side whose C is generated when the tool runs. */
export interface SourcePlan {
  /** The text, in bcc's dialect of C. */
  readonly text: string;
  /** Whether to print the text on standard error before it is compiled. */
  readonly verbose?: boolean;
  /** How it is compiled. */
  readonly options: CompileOptions;
  /**
   * The same compiled without libbcc, which is preferred.
   *
   * @throws {UsageError} for what only libbcc may know
   */
  own?(): KernelCode<unknown, unknown>;
  /** Translates an error of the compiler or the verifier. */
  explain?(error: unknown): unknown;
}

/** What all plans that trace have in common. */
export interface Tracing {
  /** Options for loading the tool's object; the size of the ring buffer is added by `run()`. */
  readonly load?: LoadOptions;
  /** Kernel code in TypeScript to load instead of the object, where it depends on the options. */
  readonly code?: KernelCode<unknown, unknown>;
  /** C to compile and load instead of the object. */
  readonly source?: SourcePlan;
  /** A line for people, printed first, once every probe is attached. */
  readonly intro?: string | undefined;
  /**
   * What may still come after the traced process has ended, as a message for people; without it the
   * tool then ends.
   */
  readonly outlives?: string;
  /** The exit status, for tools that search for something: 1 if it was found. Default 0. */
  status?(): number;
  /**
   * Called between loading and attaching, to fill maps. What it returns is disposed at the end.
   *
   * @param pid the process of a command held back by `--exec`
   */
  prepare?(bpf: Bpf, pid: number | undefined): Disposable | void;
  /**
   * Attaches what section names cannot express, such as functions of a file found at run time.
   * Without it all programs are attached by their sections.
   *
   * @param pid the process of a command held back by `--exec`
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
  /** The number of events to print before ending. */
  readonly most?: number | undefined;
  /** Whether to print an event, for filters that the kernel side cannot apply. */
  wants?(event: E): boolean;
  /** When an event happened and how long it took, for timelines. Default: when it was read. */
  span?(event: E): Span;
  /** Lines below a row, for people. */
  below?(event: E): readonly string[];
  /** Print each different row once, at the end, with the number of events that had it. */
  readonly aggregate?: boolean;
  /**
   * The text to print instead of rows and heading, unescaped: for tools that show data exactly as
   * it is.
   */
  raw?(event: E): string;
  /** The kernel side's global that counts truncated events. */
  readonly truncated?: { readonly global: string; readonly what: string; readonly reason: string };
  /** The number of dropped events, if no variable of the kernel side counts them. */
  dropped?(bpf: Bpf): number;
}

/** A signal that requests a report. */
export type ReportSignal = "SIGUSR1" | "SIGUSR2";

/** Prints the contents of maps, at intervals or once at the end. */
export interface ReportPlan extends Tracing {
  /** Seconds between reports; undefined: one at the end. */
  readonly interval: number | undefined;
  /** The shapes of its records, without those of losses, which every tool may print. */
  readonly records?: readonly RecordShape[];
  /** End after so many reports. */
  readonly count?: number | undefined;
  /** Whether each report replaces the previous one on a terminal. */
  readonly redraw?: boolean;
  /** Whether no more data can come, so that the next report is the last. */
  isOver?(): boolean;
  /**
   * Signals that request a report at once. Without an interval, a first report then shows their
   * sender that everything is attached.
   */
  readonly signals?: readonly ReportSignal[];
  /**
   * Prints a report. The last one follows after everything was detached. Long work is done in
   * slices ({@linkcode Report.each}), so that signals are handled.
   *
   * @param signal what requested it, if a signal did
   */
  report(bpf: Bpf, report: Report, signal?: ReportSignal): void | Promise<void>;
}

/** Prints a text and ends, for options such as `--list`. */
export interface TextPlan {
  /** What to print, or what finds it out. */
  readonly text: string | (() => string);
  /** The shapes of its records, where it has some. */
  readonly records?: readonly RecordShape[];
}

/** What a tool does with one set of options. */
export type Plan<E extends { readonly who: Who }> = EventPlan<E> | ReportPlan | TextPlan;

/** A tool. */
export interface Tool<O extends Options, E extends { readonly who: Who }> {
  /** The command's name. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Calls and their meanings, for the help. */
  readonly examples: readonly (readonly [call: string, meaning: string])[];
  /**
   * The kernel side: kernel code in TypeScript, `kernel({ … })`, or a compiled object, the default
   * export of `NAME.bpf.o.ts`; not needed if plans have a `source`.
   */
  readonly object?: Uint8Array | KernelCode<unknown, unknown>;
  /** Must include {@linkcode eventOptions} or {@linkcode standardOptions}. */
  readonly options: O;
  /**
   * Arguments with which the tool traces the whole machine, for tests of all tools; `false` where
   * there are none, with the reason beside it. Default no arguments.
   */
  readonly sample?: readonly string[] | false;
  /**
   * Further names in `ts-bcc`, each for this tool with some arguments given, such as `javacalls`
   * for `ucalls -l java`.
   */
  readonly commands?: Readonly<Record<string, readonly string[]>>;
  /**
   * What an executable made with Deno may do: "ffi" is what tracing takes, with running the command
   * of `--exec` in its environment and serving `--prometheus` and `--web`; "all" is for tools that
   * write files, or read files of /proc for which Deno demands all permissions. Default "ffi".
   */
  readonly permissions?: "ffi" | "all";
  /**
   * The tool's plan for these options. It must be pure: it asks its second argument for facts about
   * the machine, and leaves all effects until the plan is carried out.
   *
   * @throws {UsageError} when they contradict each other
   */
  plan(values: Values<O>, machine: Machine): Plan<E>;
}

/** A tool without its type parameters, for lists of tools. */
export type AnyTool = Tool<Options, never>;

/** Checks a tool's types, and returns it. */
export function defineTool<const O extends Options, E extends { readonly who: Who } = never>(
  tool: Tool<O, E>,
): AnyTool {
  return tool as unknown as AnyTool;
}

/** A plan that prints a row per event; the event's codec determines the columns' types. */
export function eventPlan<E extends { readonly who: Who }>(
  event: Codec<E>,
  plan: Omit<EventPlan<E>, "event">,
): EventPlan<E> {
  return { event, ...plan };
}
