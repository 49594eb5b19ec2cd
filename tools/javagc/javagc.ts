/**
 * javagc: trace garbage collections of Java processes, and how long they take.
 *
 * USAGE: javagc [-p PID] [-t USECS] [-v] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # javagc -p 30423
 *     Tracing javagc time... Hit Ctrl-C to end.
 *     TIME     CPU     PID     GC TIME
 *     12:11:10 0       30423   5381
 *     12:11:11 1       30423   4210
 *
 * GC TIME is in microseconds, from when the collector's thread begins a collection to when it ends it:
 * the program's own threads stand still meanwhile. Collectors that work beside the program (ZGC,
 * Shenandoah, the concurrent part of G1) do most of their work outside these times.
 *
 * Hooks: USDT probes hotspot:gc__begin and hotspot:gc__end of the libjvm.so that the process runs, or of
 * those that any process runs when tracing begins.
 * OpenJDK of Debian has them; a Java built without them is refused. libbpf-tools' javagc shows a row more
 * for each of the pools of memory that a collection goes through. Of seven calls of System.gc() it shows seven
 * with the serial collector, the parallel one and G1. ZGC and Shenandoah pass these probes several times in
 * a cycle: OpenJDK 17 showed 21 and 28 for the seven.
 */

import { readdirSync } from "node:fs";
import {
  type Bpf,
  type Infer,
  type Link,
  type MappedFile,
  mappedFiles,
  struct,
  TsBccError,
  u32,
  u64,
  usdtProbes,
} from "../../mod.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import { number } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { namedProcess } from "../../toolkit/task/pid_namespace.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./javagc.bpf.o.ts";

const options = {
  pid: filterOptions.pid,
  least: number({
    short: "t",
    long: "time",
    meta: "USECS",
    help: "only show collections that took this many microseconds",
    what: "a time in microseconds",
    min: 0,
    max: 1e12,
  }),
  verbose: programsFlag({ short: "v", long: "verbose" }),
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", { who: Who, time: u64.asNumber, cpu: u32, unused: u32 });
type Event = Infer<typeof Event>;

/** Every libjvm.so mapped by a process, or by all current processes. */
function machines(pid: number | undefined): MappedFile[] {
  const pids = pid === undefined ? readdirSync("/proc").filter((n) => /^\d+$/.test(n)) : [pid];
  const found = pids.flatMap((each) => {
    try {
      return mappedFiles(Number(each)).filter(({ name }) => name.endsWith("/libjvm.so"));
    } catch (error) {
      if (pid !== undefined || !(error instanceof TsBccError)) throw error;
      return []; // the process has ended
    }
  });
  if (found.length > 0) return [...new Map(found.map((file) => [file.name, file])).values()];
  const which = pid === undefined ? "Java: no process runs it" : `process ${pid}: it runs no Java`;
  throw new Error(`Cannot trace ${which}: there is no libjvm.so in its memory`);
}

/** Attaches the end probe first: an end without a begin is ignored. */
function attach(bpf: Bpf, pid: number | undefined): Link[] {
  return machines(pid).flatMap((file) => {
    // With a pid the path is the one that the process sees; without, the one that we can open.
    const where = pid === undefined ? { path: file.path } : { path: file.name, pid };
    const probes = usdtProbes(where).filter(({ provider }) => provider === "hotspot");
    return [["ends", "gc__end"], ["begins", "gc__begin"]].map(([program, name]) => {
      const places = probes.filter((probe) => probe.name === name)
        .flatMap(({ locations }) => locations);
      if (places.length === 0) {
        throw new Error(
          `Cannot trace Java: ${file.name} has no USDT probe hotspot:${name}: it was built without ` +
            "--enable-dtrace",
        );
      }
      const functions = places.map(({ offset, semaphore }) => {
        const place = { name: name!, offset };
        return semaphore ? { ...place, semaphore: semaphore.offset } : place;
      });
      return bpf.program(program!).attachUprobe({ ...where, functions });
    });
  });
}

const javagc = defineTool({
  name: "javagc",
  summary: "Trace garbage collections of Java processes.",
  examples: [
    ["javagc", "trace all Java processes"],
    ["javagc -p 185", "trace PID 185"],
    ["javagc -p 185 -t 100", "only collections that took 100us and more"],
  ],
  object,
  options,
  permissions: "all",
  sample: false, // it needs a Java process
  plan(values) {
    const { least = 0 } = values;
    return eventPlan(Event, {
      intro: "Tracing javagc time... Hit Ctrl-C to end.",
      load: filterSettings(values, { least_ns: BigInt(least) * 1000n }),
      ...values.verbose && { prepare: showPrograms },
      attach: (bpf) => Promise.resolve(attach(bpf, namedProcess(values))),
      columns: [
        clockColumn(),
        { head: "CPU", width: 7, align: "left", value: ({ cpu }: Event) => cpu },
        { head: "PID", width: 7, align: "left", value: ({ who }: Event) => who.pid },
        {
          head: "GC TIME",
          key: "gc_time_us",
          width: 7,
          align: "left",
          value: ({ time }: Event) => Math.floor(time / 1000),
        },
      ],
    });
  },
});

export default javagc;

if (import.meta.main) await main(javagc);
