/**
 * Language runtimes: by which mapped file they are recognized, and which USDT probes or functions
 * show what they do. The action numbers are the kernel side's; each tool's page says what is seen.
 *
 * @module
 */

import type { ProbePointQuery, Source } from "../probes/probe_points.ts";

/** Actions of calls.bpf.c. */
export const CALL = {
  enter: 0,
  leave: 1,
  leaveLast: 2,
  enterPerl: 3,
  pushFrame: 4,
  enterFrame: 5,
} as const;

/** Actions of gc.bpf.c: a collection of kind N begins with 2 N and ends with 2 N + 1. */
const begins = (kind: number) => 2 * kind;
const ends = (kind: number) => 2 * kind + 1;

/** Actions of threads.bpf.c. */
export const THREAD = { start: 0, stop: 1 } as const;

/** What a garbage collection's probe points tell of it, as `describe` shows it. */
export interface Collection {
  /** At its beginning and at its end. */
  readonly before: readonly [bigint, bigint];
  readonly after: readonly [bigint, bigint];
  /** The names of the memory manager and the memory pool, where the runtime passes them. */
  readonly manager: string;
  readonly pool: string;
}

/** A column of ustat. */
export const ACTIVITIES = ["method", "gc", "objnew", "cload", "excp", "thread"] as const;
type Activity = (typeof ACTIVITIES)[number];

/** A runtime, and where it can be probed. */
export interface Language {
  /** The value of `-l`. */
  readonly name: string;
  /** The last component of the path of the file that contains its functions. */
  readonly file: RegExp;
  /** The provider of its USDT probes. */
  readonly provider: string;
  readonly calls?: {
    readonly points: readonly ProbePointQuery[];
    /** Its entry probe does not fire for most calls: they are counted when they return. */
    readonly countAtLeave?: true;
    /** A precondition for seeing calls, for messages. */
    readonly hint?: string;
  };
  readonly gc?: {
    readonly points: readonly ProbePointQuery[];
    /** Whether the points are functions, which end where they return. */
    readonly untilReturn?: true;
    /** The names of collections by kind. */
    readonly describe: readonly ((collection: Collection) => string)[];
  };
  readonly objects?: {
    readonly points: readonly ProbePointQuery[];
    /** The names of objects by the kind of point. */
    readonly names?: readonly string[];
    readonly hint?: string;
  };
  readonly threads?: { readonly points: readonly ProbePointQuery[] };
  /** The comm of its processes, and where each activity is probed. */
  readonly activity?:
    & { readonly comm: RegExp }
    & Partial<Record<Activity, readonly ProbePointQuery[]>>;
}

const probes = (kind: number, names: string, sources: readonly Source[] = []): ProbePointQuery[] =>
  names.split(" ").map((probe) => ({ probe, kind, sources }));
const functions = (kind: number, functions: RegExp, sources: readonly Source[] = []) =>
  [{ functions, kind, sources }] as const;

const java: Language = {
  name: "java",
  file: /^libjvm\.so$/,
  provider: "hotspot",
  calls: {
    points: [
      ...probes(CALL.enter, "method__entry", [2, 3, 4, 5]),
      ...probes(CALL.leave, "method__return", [2, 3, 4, 5]),
    ],
    hint: "If you do not see any results, make sure you ran java with option " +
      "-XX:+ExtendedDTraceProbes",
  },
  gc: {
    points: [
      // Manager and its length, pool and its length, initial, used, committed and maximal bytes.
      ...probes(begins(0), "mem__pool__gc__begin", [3, 6, 8]),
      ...probes(ends(0), "mem__pool__gc__end", [3, 6, 8, 1, 2, 4]),
      ...probes(begins(1), "gc__begin"),
      ...probes(ends(1), "gc__end"),
    ],
    describe: [
      ({ manager, pool, before, after }) =>
        `${manager} ${pool} used=${before[0]}->${after[0]} max=${before[1]}->${after[1]}`,
      () => "no additional info available",
    ],
  },
  objects: {
    points: probes(0, "object__alloc", [2, 3, 4]),
    hint: "If you do not see any results, make sure you ran java with option " +
      "-XX:+ExtendedDTraceProbes",
  },
  threads: {
    points: [
      ...probes(THREAD.start, "thread__start", [1, 2, 3, 4]),
      ...probes(THREAD.stop, "thread__stop", [1, 2, 3, 4]),
    ],
  },
  activity: {
    comm: /^java$/,
    method: probes(0, "method__entry"),
    gc: probes(0, "gc__begin"), // mem__pool__gc__begin comes once for each pool of memory besides
    objnew: probes(0, "object__alloc"),
    cload: probes(0, "class__loaded"),
    excp: probes(0, "ExceptionOccurred__entry"),
    thread: probes(0, "thread__start"),
  },
};

const V8_COLLECTIONS: readonly (readonly [name: RegExp, text: string])[] = [
  [/^_ZN2v88internal4Heap8ScavengeEv$/, "GC scavenge"],
  [/^_ZN2v88internal4Heap11MarkCompactEv$/, "GC mark-sweep-compact"],
  [/^_ZN2v88internal4Heap(16MinorMarkCompact|14MinorMarkSweep)Ev$/, "GC minor mark-compact"],
];

const node: Language = {
  name: "node",
  file: /^(node(js)?|libnode\.so[.\d]*)$/,
  provider: "node",
  gc: {
    points: V8_COLLECTIONS.flatMap(([name], kind) => functions(begins(kind), name)),
    untilReturn: true,
    describe: V8_COLLECTIONS.map(([, text]) => () => text),
  },
  activity: {
    comm: /^(node|nodejs|MainThread)$/,
    gc: V8_COLLECTIONS.flatMap(([name]) => functions(0, name)),
  },
};

const perl: Language = {
  name: "perl",
  file: /^(perl[\d.]*|libperl\.so[.\d]*)$/,
  provider: "perl",
  calls: {
    points: [
      ...functions(CALL.enterPerl, /^Perl_pp_entersub$/, [{ of: 0 }]),
      ...functions(CALL.leaveLast, /^Perl_pp_leavesub(lv)?$/),
    ],
  },
  activity: { comm: /^perl/, method: functions(0, /^Perl_pp_entersub$/) },
};

const php: Language = {
  name: "php",
  file: /^(php[\d.]*|php-(cgi|fpm)[\d.]*|libphp[\d.]*\.so)$/,
  provider: "php",
  calls: {
    points: [
      ...probes(CALL.enter, "function__entry", [4, undefined, 1]),
      ...probes(CALL.leave, "function__return", [4, undefined, 1]),
    ],
    hint:
      "If you do not see any results, make sure the environment variable USE_ZEND_DTRACE is set " +
      "to 1",
  },
  activity: {
    comm: /^php/,
    method: probes(0, "function__entry"),
    cload: probes(0, "compile__file__entry"),
    excp: probes(0, "exception__thrown"),
  },
};

const python: Language = {
  name: "python",
  file: /^(python[\d.]*|libpython[\d.]+\.so[.\d]*)$/,
  provider: "python",
  calls: {
    points: [
      ...probes(CALL.enter, "function__entry", [1, undefined, 2]),
      ...probes(CALL.leave, "function__return", [1, undefined, 2]),
    ],
    countAtLeave: true,
  },
  gc: {
    points: [
      ...probes(begins(0), "gc__start", [undefined, 1]),
      ...probes(ends(0), "gc__done", [undefined, 1]),
    ],
    describe: [
      ({ before, after }) => `gen ${before[0]} GC collected ${after[0]} objects`,
    ],
  },
  activity: {
    comm: /^(i?python|gunicorn|uwsgi|celery)/,
    // Python 3.11's entry probe fires for generators only.
    method: probes(0, "function__return"),
    gc: probes(0, "gc__start"),
  },
};

const RUBY_KINDS = ["", "string", "hash", "array"];

const ruby: Language = {
  name: "ruby",
  file: /^(ruby[\d.]*|libruby[-\d.]*\.so[.\d]*)$/,
  provider: "ruby",
  calls: {
    points: [
      ...probes(CALL.enter, "method__entry cmethod__entry", [1, undefined, 2]),
      ...probes(CALL.leave, "method__return cmethod__return", [1, undefined, 2]),
    ],
    hint:
      "Methods written in C are seen; those written in Ruby where its probes tell them, which " +
      "those of Ruby 3.1 do not",
  },
  gc: {
    points: [
      ...probes(begins(0), "gc__mark__begin"),
      ...probes(ends(0), "gc__mark__end"),
      ...probes(begins(1), "gc__sweep__begin"),
      ...probes(ends(1), "gc__sweep__end"),
    ],
    describe: [() => "GC mark stage", () => "GC sweep stage"],
  },
  objects: {
    points: [
      ...probes(0, "object__create", [1]),
      ...RUBY_KINDS.flatMap((name, kind) =>
        kind > 0 ? probes(kind, `${name}__create`, [undefined, undefined, 1]) : []
      ),
    ],
    names: RUBY_KINDS,
  },
  activity: {
    comm: /^(ruby|irb)/,
    method: probes(0, "method__entry cmethod__entry"),
    gc: probes(0, "gc__mark__begin"), // each collection marks once; a lazy one sweeps in several steps
    objnew: probes(0, "object__create hash__create string__create array__create"),
    cload: probes(0, "require__entry load__entry"),
    excp: probes(0, "raise"),
  },
};

/** Tcl's objects, recognized by the functions that create them. */
const TCL_OBJECTS = ["Obj", "StringObj", "ListObj", "DictObj", "IntObj", "WideIntObj", "DoubleObj"];

const tcl: Language = {
  name: "tcl",
  file: /^(libtcl[\d.]+\.so[.\d]*|tclsh[\d.]*)$/,
  provider: "tcl",
  calls: {
    points: [
      ...functions(CALL.pushFrame, /^Tcl_PushCallFrame$/),
      ...functions(CALL.enterFrame, /^TclNRInterpProcCore$/, [
        undefined,
        undefined,
        { of: 1, steps: [8] }, // bytes of struct Tcl_Obj
      ]),
      ...functions(CALL.leaveLast, /^Tcl_PopCallFrame$/),
    ],
  },
  objects: {
    points: TCL_OBJECTS.flatMap((name, kind) => functions(kind, new RegExp(`^Tcl_New${name}$`))),
    names: TCL_OBJECTS.map((name) => `Tcl_New${name}`),
  },
  activity: {
    comm: /^(tclsh|wish)/,
    method: functions(0, /^TclNRInterpProcCore$/),
    objnew: functions(0, new RegExp(`^Tcl_New(${TCL_OBJECTS.join("|")})$`)),
  },
};

/** `-l c`: functions of the C library. */
const c: Language = {
  name: "c",
  file: /^libc(-[\d.]+)?\.so[.\d]*$/,
  provider: "libc",
  objects: {
    points: functions(0, /^malloc$/, [undefined, undefined, { of: 0 }]),
  },
};

/** All languages, in the order of search: C is last, as nearly every process has it. */
export const LANGUAGES: readonly Language[] = [java, node, perl, php, python, ruby, tcl, c];

/** The activity of a runtime that a tool traces. */
export type Aspect = "calls" | "gc" | "objects" | "threads";

/** The languages whose runtimes have probe points for that activity. */
export const languagesWith = (aspect: Aspect): readonly Language[] =>
  LANGUAGES.filter((language) => language[aspect] !== undefined);
