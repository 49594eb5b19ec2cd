/**
 * What tools for database queries share (queries.bpf.c).
 *
 * @module
 */

import { type Bpf, chars, type Infer, type Link, struct, u32, u64 } from "../../mod.ts";
import { flag, list, type Option, UsageError } from "../options/options.ts";
import type { Column } from "../output/columns.ts";
import { complain } from "../output/complain.ts";
import { attachProbePoints } from "../probes/probe_points.ts";
import { namedProcess } from "../task/pid_namespace.ts";
import { Who } from "../task/who.ts";
import { type FoundServer, QUERY, runningServer, type Server, serverAt } from "./servers.ts";
import object from "./queries.bpf.o.ts";

/** The compiled kernel side. */
export const queriesObject: Uint8Array = object;

const NS_PER_MS = 1e6;

/** A completed query. */
export const Query = struct("event", {
  who: Who,
  time: u64.asNumber,
  duration_ns: u64.asNumber,
  is_cut: u32,
  unused: u32,
  text: chars(1024),
});
type Query = Infer<typeof Query>;

/** The processes of `-p`, which may be given several times. */
export const pidsOption: Option<readonly string[]> = list({
  short: "p",
  long: "pid",
  meta: "PID",
  help: "the pid(s) to trace, with their children",
});

/** `-v`. */
export const verboseOption = flag({
  short: "v",
  long: "verbose",
  help: "list the probe points (bcc: its program)",
});

/** Numbers of processes. @throws {UsageError} */
export function pidsOf(words: readonly string[]): number[] {
  return words.map((word) => {
    const pid = Number(word);
    if (/^\d+$/.test(word) && pid >= 1 && pid <= 4194304) return pid;
    throw new UsageError(`expected a process id, a whole number from 1 to 4194304, not "${word}"`);
  });
}

/** bcc's columns of a query. */
export function queryColumns(json: boolean): Column<Query>[] {
  let first: number | undefined;
  const columns: Column<Query>[] = [
    {
      head: "TIME(s)",
      key: "time_s",
      width: 14,
      align: "left",
      digits: 6,
      value: ({ time }) => (time - (first ??= time)) / 1e9,
    },
    { head: "PID", width: 7, align: "left", value: ({ who }) => who.pid },
    {
      head: "MS",
      width: 8,
      align: "right",
      digits: 3,
      value: ({ duration_ns }) => duration_ns / NS_PER_MS,
    },
    {
      head: "QUERY",
      value: ({ text }) => text,
      text: ({ text, is_cut }) => is_cut ? `${text}…` : text,
    },
  ];
  const more: Column<Query>[] = [
    { head: "TID", value: ({ who }) => who.tid },
    { head: "TRUNCATED", value: ({ is_cut }) => is_cut > 0 },
  ];
  return json ? [...columns, ...more] : columns;
}

/** Where to trace. */
export interface QueriesOptions {
  /** The tool's name. */
  readonly tool: string;
  readonly server: Server;
  /** The processes; if empty, all of that kind. */
  readonly pids: readonly number[];
  /** A process in the pid namespace of these ids; default this process's namespace. */
  readonly pidns?: number | undefined;
  /** The server's executable file. */
  readonly path?: string | undefined;
  readonly verbose: boolean;
}

/** Attaches to a server's file: also processes that start later are traced. */
export function attachQueries(bpf: Bpf, options: QueriesOptions): Link[] {
  const { tool, server, pids, pidns, path, verbose } = options;
  const found: FoundServer = path === undefined
    ? runningServer(server, pids.map((pid) => namedProcess({ pid, pidns })!))
    : serverAt(server, path);
  if (verbose) {
    for (const { name, offset } of found.points) {
      complain(tool, `probes ${name} at 0x${offset.toString(16)} of ${found.path}`);
    }
  }
  const map = bpf.map("pids", u32, u32);
  for (const pid of pids) map.set(pid, 1);
  const commands = found.points.filter(({ kind }) => kind === QUERY.beginCommand);
  // The return probe first: a return without an entry is ignored, but an entry without a return
  // would stay in the map.
  const returns = commands.length > 0
    ? [
      bpf.program("at_return").attachUprobe({
        path: found.path,
        functions: commands,
        atReturn: true,
      }),
    ]
    : [];
  return [...returns, attachProbePoints(bpf, "at_query", found.points, { path: found.path })];
}

/** The subject of the tools' first line: `pids 181, 182` or `application PATH`. */
export const describeTargets = (server: Server, pids: readonly number[], path?: string): string =>
  path !== undefined
    ? `application ${path}`
    : pids.length > 0
    ? `pids ${pids.join(", ")}`
    : `all ${server.name} servers`;

/** Converts milliseconds to the kernel side's unit. */
export const thresholdNs = (milliseconds: number): bigint =>
  BigInt(Math.round(milliseconds * NS_PER_MS));
