/**
 * The options that tools share, and the globals of the kernel side that they set (filter.h).
 *
 * @module
 */

import type { LoadOptions, MapOptions } from "../../mod.ts";
import { bufferPagesOption } from "./buffer_pages_option.ts";
import { type DestinationOptions, destinationOptions } from "./destination_options.ts";
import { BY_MACHINE } from "./machine_globals.ts";
import {
  argument,
  flag,
  list,
  number,
  type Option,
  rest,
  text,
  UsageError,
  type Values,
} from "./options.ts";

const PID_MAX = 4194304; // PID_MAX_LIMIT of include/linux/threads.h on 64-bit machines
const UID_MAX = 4294967294; // (uid_t) -1 means "no user"
const COMM_MAX = 15; // TASK_COMM_LEN without the NUL

/** The type of {@linkcode containerOptions}. */
export interface ContainerOptions {
  /** `--cgroup`. */
  readonly cgroup: Option<string | undefined>;
  /** `--cgroupmap`. */
  readonly cgroupMap: Option<string | undefined>;
  /** `--mntnsmap`. */
  readonly mntnsMap: Option<string | undefined>;
  /** `--pidns`. */
  readonly pidns: Option<number | undefined>;
}

/** Filters by container, for every tool. */
export const containerOptions: ContainerOptions = {
  cgroup: text({
    long: "cgroup",
    meta: "PATH",
    help: "trace this cgroup (v2) and those below it only",
  }),
  cgroupMap: text({
    long: "cgroupmap",
    meta: "PATH",
    help: "trace cgroups in this pinned BPF map only",
  }),
  mntnsMap: text({
    long: "mntnsmap",
    meta: "PATH",
    help: "trace mount namespaces in this pinned BPF map only",
  }),
  pidns: number({
    long: "pidns",
    meta: "PID",
    help: "trace the pid namespace of this process only, and show pids as it sees them",
    what: "a process id",
    min: 1,
    max: PID_MAX,
  }),
};

/** The type of {@linkcode filterOptions}. */
export interface FilterOptions extends ContainerOptions {
  /** `--pid`. */
  readonly pid: Option<number | undefined>;
  /** `--tid`. */
  readonly tid: Option<number | undefined>;
  /** `--uid`. */
  readonly uid: Option<number | undefined>;
  /** `--name`. */
  readonly comm: Option<string | undefined>;
}

/**
 * Filters by the process, thread, user and name that an event comes from; `filterSettings` turns
 * them into globals.
 */
export const filterOptions: FilterOptions = {
  pid: number({
    short: "p",
    long: "pid",
    meta: "PID",
    help: "trace this process only",
    what: "a process id",
    min: 1,
    max: PID_MAX,
  }),
  tid: number({
    short: "t",
    long: "tid",
    meta: "TID",
    help: "trace this thread only",
    what: "a thread id",
    min: 1,
    max: PID_MAX,
  }),
  uid: number({
    short: "u",
    long: "uid",
    meta: "UID",
    help: "trace this user only",
    what: "a user id",
    min: 0,
    max: UID_MAX,
  }),
  comm: text({
    short: "n",
    long: "name",
    meta: "NAME",
    help: "only print processes whose name contains this",
  }),
  ...containerOptions,
};

/** The type of {@linkcode standardOptions}. */
export interface StandardOptions extends DestinationOptions {
  /** `--duration`. */
  readonly duration: Option<number | undefined>;
  /** `--json`. */
  readonly json: Option<boolean>;
  /** `--json-schema`. */
  readonly jsonSchema: Option<boolean>;
  /** `--help`. */
  readonly help: Option<boolean>;
  /** `--version`. */
  readonly version: Option<boolean>;
}

/** Options of every tool. */
export const standardOptions: StandardOptions = {
  duration: number({
    short: "d",
    long: "duration",
    meta: "SECONDS",
    help: "total duration of trace in seconds",
    what: "a duration in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  }),
  json: flag({ long: "json", help: "print one JSON object per line instead of a table" }),
  jsonSchema: flag({
    long: "json-schema",
    help: "print the JSON Schema of the objects that --json prints with these options",
  }),
  ...destinationOptions,
  help: flag({ short: "h", long: "help", help: "show this help and exit" }),
  version: flag({ long: "version", help: "show the version and exit" }),
};

/** The type of {@linkcode eventOptions}. */
export interface EventOptions extends StandardOptions {
  /** `--buffer-pages`. */
  readonly bufferPages: Option<number | undefined>;
  /** `--container`. */
  readonly container: Option<boolean>;
  /** `--pod`. */
  readonly pod: Option<boolean>;
  /** `--output`. */
  readonly timelines: Option<readonly string[]>;
}

/** Options of tools that print a row per event. */
export const eventOptions: EventOptions = {
  bufferPages: bufferPagesOption,
  container: flag({ long: "container", help: "show the container's id" }),
  pod: flag({ long: "pod", help: "show the uid of the Kubernetes pod" }),
  timelines: list({
    short: "o",
    long: "output",
    meta: "FILE",
    help:
      "write what is seen as a trace for timelines, in place of printing it: .perfetto-trace or .trace.json",
  }),
  ...standardOptions,
};

/** The type of {@linkcode intervalArguments}. */
export interface IntervalArguments {
  /** The word `interval`. */
  readonly interval: Option<number | undefined>;
  /** The word `count`. */
  readonly count: Option<number | undefined>;
}

/** `interval` and `count`, for tools that report at intervals. */
export const intervalArguments: IntervalArguments = {
  interval: argument(number({
    long: "interval",
    meta: "interval",
    help: "seconds between reports; without it one report at the end",
    what: "an interval in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  })),
  count: argument(number({
    long: "count",
    meta: "count",
    help: "number of reports",
    what: "a number of reports",
    min: 1,
    max: 2147483647,
  })),
};

/** The same for tools that report every `seconds` unless told otherwise. */
export const intervalArgumentsEvery = (
  seconds: number,
  help = "seconds between reports",
): IntervalArguments => ({
  ...intervalArguments,
  interval: { ...intervalArguments.interval, help: `${help} (default ${seconds})` },
});

/** The type of {@linkcode execOption}. */
export interface ExecOption {
  /** `--exec`. */
  readonly exec: Option<readonly string[] | undefined>;
}

/** `--exec`, for tools that can trace one command from its first instruction. */
export const execOption: ExecOption = {
  exec: rest({
    long: "exec",
    meta: "COMMAND…",
    help: "run a command and trace only it; everything behind --exec is the command",
  }),
};

/**
 * Load options that make filter.h apply {@linkcode filterOptions}, or some of them.
 *
 * @param globals the tool's own
 * @throws {UsageError}
 */
export function filterSettings(
  values: Partial<Values<typeof filterOptions>>,
  globals: Readonly<Record<string, unknown>> = {},
): LoadOptions & { readonly globals: Readonly<Record<string, unknown>> } {
  const { pid, tid, uid, comm = "", cgroup, cgroupMap, mntnsMap } = values;
  const length = new TextEncoder().encode(comm).length;
  if (length > COMM_MAX) {
    throw new UsageError(
      `no process name can contain ${
        JSON.stringify(comm)
      }: the kernel keeps ${COMM_MAX} bytes of it`,
    );
  }
  const maps: Record<string, MapOptions> = {};
  if (cgroupMap !== undefined) maps.cgroups = { pinned: cgroupMap };
  if (mntnsMap !== undefined) maps.mntns = { pinned: mntnsMap };
  return {
    globals: {
      own_pid: BY_MACHINE,
      target_pid: pid ?? 0,
      target_tid: tid ?? 0,
      target_uid: uid ?? 0xffffffff,
      target_comm: comm,
      target_comm_length: length,
      by_cgroup: cgroupMap !== undefined,
      by_mntns: mntnsMap !== undefined,
      target_cgroup: cgroup === undefined ? 0n : BY_MACHINE,
      pidns: BY_MACHINE,
      ...globals,
    },
    maps,
  };
}
