/**
 * Writes stacks for https://profiler.firefox.com: its "processed" format, version 60, which later versions
 * upgrade when they load it.
 *
 * A report has sums and no times: on the time line the stacks of a thread follow each other by weight.
 *
 * @see https://github.com/firefox-devtools/profiler/blob/main/docs-developer/processed-profile-format.md
 * @module
 */

import { escapeText } from "../output/escape.ts";
import { frameName } from "./kept_stacks.ts";
import type { ProfiledStack, StackProfile } from "./stack_files.ts";

const VERSION = 60;
const GECKO_VERSION = 29; // of about the same age; nothing here depends on it

/** The profiler's weight type for each unit, and the divisor of values. Other sums are shown as samples. */
const WEIGHTS: Readonly<Record<string, { type: string; per: number }>> = {
  usecs: { type: "tracing-ms", per: 1000 },
  bytes: { type: "bytes", per: 1 },
};

const CATEGORIES = ["Other", "User", "Kernel"] as const;
const [, USER, KERNEL] = CATEGORIES.keys();
const COLORS = ["grey", "yellow", "orange"] as const;
const LIBRARY = 1; // its type of a resource

/** Rows without duplicates, found by a key. */
class Table<Row> {
  readonly rows: Row[] = [];
  readonly #numbers = new Map<string, number>();

  number(key: string, make: () => Row): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      // Rows that `make` adds come first: the caller in a stack has the smaller index.
      const row = make();
      this.#numbers.set(key, number = this.rows.length);
      this.rows.push(row);
    }
    return number;
  }

  column<Value>(value: (row: Row) => Value): Value[] {
    return this.rows.map(value);
  }
}

interface FunctionRow {
  readonly name: number;
  readonly resource: number;
}

interface FrameRow {
  readonly func: number;
  readonly category: number;
}

interface StackRow {
  readonly frame: number;
  readonly prefix: number | null;
}

/** The tables that all threads share. */
class Shared {
  readonly strings = new Table<string>();
  readonly resources = new Table<number>();
  readonly functions = new Table<FunctionRow>();
  readonly frames = new Table<FrameRow>();
  readonly stacks = new Table<StackRow>();

  #string(text: string): number {
    const escaped = escapeText(text);
    return this.strings.number(escaped, () => escaped);
  }

  #frame(frame: ProfiledStack["frames"][number]): number {
    const module = frame.symbol?.module ?? (frame.kernel ? "kernel" : undefined);
    const resource = module === undefined
      ? -1
      : this.resources.number(module, () => this.#string(module));
    const name = this.#string(frameName(frame));
    const func = this.functions.number(`${name} ${resource}`, () => ({ name, resource }));
    const category = frame.kernel ? KERNEL! : USER!;
    return this.frames.number(`${func} ${category}`, () => ({ func, category }));
  }

  /** The index of a stack; null without frames. */
  stack(frames: ProfiledStack["frames"]): number | null {
    let prefix: number | null = null;
    for (const each of frames) {
      const row: StackRow = { frame: this.#frame(each), prefix };
      prefix = this.stacks.number(`${row.frame} ${row.prefix}`, () => row);
    }
    return prefix;
  }

  json() {
    const { strings, resources, functions, frames, stacks } = this;
    const same = <Value>({ rows }: Table<unknown>, value: Value) => rows.map(() => value);
    return {
      stringArray: strings.rows,
      sources: { length: 0, uuid: [], filename: [] },
      nativeSymbols: { length: 0, libIndex: [], address: [], name: [], functionSize: [] },
      resourceTable: {
        length: resources.rows.length,
        lib: same(resources, null),
        name: resources.rows,
        host: same(resources, null),
        type: same(resources, LIBRARY),
      },
      funcTable: {
        length: functions.rows.length,
        name: functions.column(({ name }) => name),
        isJS: same(functions, false),
        relevantForJS: same(functions, false),
        resource: functions.column(({ resource }) => resource),
        source: same(functions, null),
        lineNumber: same(functions, null),
        columnNumber: same(functions, null),
      },
      frameTable: {
        length: frames.rows.length,
        // The format wants offsets in libraries, for symbolizing; these frames have names already.
        address: same(frames, -1),
        inlineDepth: same(frames, 0),
        category: frames.column(({ category }) => category),
        subcategory: same(frames, 0),
        func: frames.column(({ func }) => func),
        nativeSymbol: same(frames, null),
        innerWindowID: same(frames, null),
        line: same(frames, null),
        column: same(frames, null),
      },
      stackTable: {
        length: stacks.rows.length,
        frame: stacks.column(({ frame }) => frame),
        prefix: stacks.column(({ prefix }) => prefix),
      },
    };
  }
}

/** Formats stacks as a JSON document. */
export function firefoxJson({ tool, unit, time, stacks }: StackProfile): string {
  const { type, per } = WEIGHTS[unit] ?? { type: "samples", per: 1 };
  const shared = new Shared();
  const byThread = Map.groupBy(stacks, ({ pid, tid, comm }) => `${pid} ${tid ?? pid} ${comm}`);
  const threads = [...byThread.values()].map((group) => {
    const { comm, pid, tid = pid } = group[0]!;
    let end = 0;
    const weights = group.map(({ value }) => value / per);
    const times = weights.map((weight) => (end += weight) - weight);
    const name = comm === "" ? tool : escapeText(comm);
    return {
      processType: "default",
      processName: name,
      processStartupTime: 0,
      processShutdownTime: null,
      registerTime: 0,
      unregisterTime: null,
      pausedRanges: [],
      name,
      isMainThread: pid === tid,
      pid: String(pid ?? 0),
      tid: tid ?? 0,
      samples: {
        length: group.length,
        stack: group.map(({ frames }) => shared.stack(frames)),
        time: times,
        weight: weights,
        weightType: type,
      },
      markers: {
        length: 0,
        data: [],
        name: [],
        startTime: [],
        endTime: [],
        phase: [],
        category: [],
      },
    };
  });
  return JSON.stringify({
    meta: {
      version: GECKO_VERSION,
      preprocessedProfileVersion: VERSION,
      product: `ts-bcc ${tool}`,
      importedFrom: "ts-bcc",
      startTime: time,
      interval: 1,
      processType: 0,
      stackwalk: 1,
      symbolicated: true,
      symbolicationNotSupported: true,
      sourceCodeIsNotOnSearchfox: true,
      usesOnlyOneStackType: true,
      keepProfileThreadOrder: true,
      categories: CATEGORIES.map((name, i) => ({
        name,
        color: COLORS[i],
        subcategories: ["Other"],
      })),
      markerSchema: [],
    },
    libs: [],
    shared: shared.json(),
    threads,
  }) + "\n";
}
