/**
 * Database servers, and where their queries can be probed.
 *
 * @module
 */

import { allProcesses, fileProbes } from "../../plumbing.ts";
import { findRuntime, type Runtime, type RuntimeFile } from "../languages/runtime.ts";
import { type ProbePointQuery, probePoints } from "../probes/probe_points.ts";
import { nameOf } from "../task/proc.ts";

/** The action of queries.bpf.c at a probe point. */
export const QUERY = { begin: 0, beginCommand: 1, end: 2 } as const;

/** A kind of server. */
export interface Server extends RuntimeFile {
  /** Sets of probe points in order of preference: the first that the server has is probed. */
  readonly alternatives: readonly (readonly ProbePointQuery[])[];
}

const usdt: readonly ProbePointQuery[] = [
  { probe: "query__start", kind: QUERY.begin, sources: [1] },
  { probe: "query__done", kind: QUERY.end },
];

/** Kinds of servers, by the names that `-x` and the first argument take. */
export const SERVERS: Readonly<Record<"mysql" | "postgres", Server>> = {
  mysql: {
    name: "mysql",
    file: /^(mysqld|mariadbd)(-\w+)?$/,
    provider: "mysql",
    alternatives: [usdt, [
      // MariaDB, and MySQL up to 5.6: (enum_server_command, THD *, char *packet, uint length, …).
      {
        functions: /^_Z\d+dispatch_command\d+enum_server_command.*P3THD/,
        kind: QUERY.beginCommand,
        sources: [{ of: 2 }, { of: 3, size: 4 }, { of: 0, size: 4 }],
      },
      // MySQL from 5.7 on: (THD *, const COM_DATA *, enum_server_command), a query's text and length first.
      {
        functions: /^_Z\d+dispatch_command.*COM_DATA/,
        kind: QUERY.beginCommand,
        sources: [{ of: 1, steps: [0] }, { of: 1, steps: [8], size: 4 }, { of: 2, size: 4 }],
      },
    ]],
  },
  postgres: {
    name: "postgres",
    file: /^(postgres|postmaster)$/,
    provider: "postgresql",
    alternatives: [usdt],
  },
};

/** The kinds of servers. */
export type ServerName = keyof typeof SERVERS;

/** A server's executable, its probe points, and the processes that run it. */
export interface FoundServer extends Runtime {
  readonly pids: readonly number[];
}

/** The server in an executable. @throws {Error} when it has none of the probe points */
export function serverAt(server: Server, path: string): FoundServer {
  const probes = fileProbes(path);
  for (const queries of server.alternatives) {
    const points = probePoints({ path, probes, provider: server.provider }, queries);
    if (points.length > 0) return { path, points, pids: [] };
  }
  throw new Error(`Cannot trace ${server.name}: ${missing(server, `"${path}"`)}`);
}

/**
 * The server that these processes run, or without processes, the one of that name.
 *
 * @throws {Error} when there is none, or they run different files
 */
export function runningServer(server: Server, asked: readonly number[]): FoundServer {
  const pids = asked.length > 0 ? asked : processesOf(server);
  if (pids.length === 0) {
    throw new Error(`Cannot trace ${server.name}: no such server runs: give its pid with -p`);
  }
  const found = pids.flatMap((pid) => {
    try {
      return [serverIn(server, pid)];
    } catch (error) {
      // A process found by name may have ended since.
      if (asked.length > 0 || pids.length === 1) throw error;
      return [];
    }
  });
  if (found.length === 0) {
    throw new Error(`Cannot trace ${server.name}: ${missing(server, `process ${pids[0]}`)}`);
  }
  const inodes = new Set(found.map(({ inode }) => inode));
  if (inodes.size > 1) {
    throw new Error(
      `Cannot trace ${server.name}: processes ${pids.join(", ")} run ${inodes.size} different ` +
        "programs: name those of one with -p",
    );
  }
  return { ...found[0]!, pids: [...pids] };
}

function serverIn(server: Server, pid: number): Runtime & { readonly inode: string } {
  for (const queries of server.alternatives) {
    const found = findRuntime(pid, server, queries);
    if (found) return { ...found, inode: inodeOf(found.path) };
  }
  throw new Error(`Cannot trace ${server.name}: ${missing(server, `process ${pid}`)}`);
}

function inodeOf(path: string): string {
  const { dev, ino } = process.getBuiltinModule("node:fs").statSync(path);
  return `${dev}:${ino}`;
}

const missing = (server: Server, where: string): string =>
  `${where} has no USDT probes ${server.provider}:query__start and query__done` +
  (server.alternatives.length > 1 ? ", and no function dispatch_command" : "");

/** Processes by name; processes that end meanwhile are skipped. */
function processesOf(server: Server): number[] {
  return allProcesses()
    .filter((pid) => server.file.test(nameOf(pid) ?? ""));
}
