/**
 * shmsnoop: trace System V shared memory calls.
 *
 * USAGE: shmsnoop [-T] [-p PID] [-t TID] [-u UID] [-n NAME] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # shmsnoop
 *     PID    COMM                SYS              RET ARGs
 *     9122   ipcmk            SHMGET               34 key: 0x2b2543ca, size: 65536, shmflg: 0x3a4 (IPC_CREAT|0644)
 *     9133   ipcrm            SHMCTL                0 shmid: 0x34, cmd: 0 (IPC_RMID), buf: 0x0
 *     13717  file_calls        SHMAT     7f4a34c8e000 shmid: 0x1d, shmaddr: 0x0, shmflg: 0x1000 (SHM_RDONLY)
 *     13717  file_calls        SHMDT                0 shmaddr: 0x7f4a34c8e000
 *     13717  file_calls       SHMGET fffffffffffffffe key: 0x7357, size: 4096, shmflg: 0x0
 *
 * RET is in hexadecimal; fffffffffffffff... is a negative error number. Numbers in JSON are decimal.
 *
 * Hooks: tracepoints syscalls/sys_{enter,exit}_{shmget,shmat,shmdt,shmctl}. They do not fire for 32 bit
 * programs on a 64 bit kernel. POSIX shared memory (shm_open) is files: see opensnoop.
 */

import { array, i64, type Infer, struct, u32, u64 } from "../../mod.ts";
import { syscallPrograms } from "../../toolkit/run/choose_hooks.ts";
import { flagNames, type FlagTable } from "../../toolkit/output/flag_names.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./shmsnoop.bpf.o.ts";

const options = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  ...filterOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  arguments: array(u64, 3),
  ret: i64,
  syscall: u32,
});
type Event = Infer<typeof Event>;

/**
 * Flags of shmget(2): include/uapi/linux/shm.h and ipc.h. The huge page size is not a flag but a
 * number in the upper bits.
 */
const GET_FLAGS: FlagTable = [
  ["IPC_CREAT", 0o1000],
  ["IPC_EXCL", 0o2000],
  ["SHM_HUGETLB", 0o4000],
  ["SHM_NORESERVE", 0o10000],
];
const HUGE_SHIFT = 26n;
const HUGE_SIZES: Readonly<Record<string, string>> = { "21": "SHM_HUGE_2MB", "30": "SHM_HUGE_1GB" };
const ATTACH_FLAGS: FlagTable = [
  ["SHM_RDONLY", 0o10000],
  ["SHM_RND", 0o20000],
  ["SHM_REMAP", 0o40000],
  ["SHM_EXEC", 0o100000],
];
const COMMANDS: Readonly<Record<string, string>> = {
  0: "IPC_RMID",
  1: "IPC_SET",
  2: "IPC_STAT",
  3: "IPC_INFO",
  11: "SHM_LOCK",
  12: "SHM_UNLOCK",
  13: "SHM_STAT",
  14: "SHM_INFO",
  15: "SHM_STAT_ANY",
};

const int = (value: bigint) => BigInt.asUintN(32, value);
const hex = (value: bigint) => `0x${value.toString(16)}`;

/** Flags as text: `0x3b6 (IPC_CREAT|0666)`. */
function flagsOf(value: bigint, table: FlagTable): string {
  if (value === 0n) return "0x0";
  const { names, rest } = flagNames(value, table);
  const huge = table === GET_FLAGS && names.includes("SHM_HUGETLB") ? rest >> HUGE_SHIFT : 0n;
  const size = HUGE_SIZES[String(huge)];
  if (size !== undefined) names.push(size);
  const left = size === undefined ? rest : rest - (huge << HUGE_SHIFT);
  if (left !== 0n) names.push(`0${left.toString(8)}`);
  return `${hex(value)} (${names.join("|")})`;
}

/** Indexed by the numbers of shmsnoop.bpf.c: the call's name, and its arguments as text. */
const CALLS: readonly (readonly [string, (a: bigint, b: bigint, c: bigint) => string])[] = [
  [
    "SHMGET",
    (key, size, flags) =>
      `key: ${hex(int(key))}, size: ${size}, shmflg: ${flagsOf(int(flags), GET_FLAGS)}`,
  ],
  ["SHMAT", (id, address, flags) =>
    `shmid: ${hex(int(id))}, shmaddr: ${hex(address)}, ` +
    `shmflg: ${flagsOf(int(flags), ATTACH_FLAGS)}`],
  ["SHMDT", (address) => `shmaddr: ${hex(address)}`],
  [
    "SHMCTL",
    (id, command, buffer) =>
      `shmid: ${hex(int(id))}, cmd: ${int(command)} (${
        COMMANDS[String(int(command))] ?? hex(int(command))
      }), buf: ${hex(buffer)}`,
  ],
];

const argumentsOf = ({ syscall, arguments: [a, b, c] }: Event) => CALLS[syscall]![1](a!, b!, c!);

const shmsnoop = defineTool({
  name: "shmsnoop",
  summary: "Trace System V shared memory calls: shmget(), shmat(), shmdt() and shmctl().",
  examples: [
    ["shmsnoop", "trace all shm*() syscalls"],
    ["shmsnoop -T", "include timestamps"],
    ["shmsnoop -p 181", "only trace PID 181"],
    ["shmsnoop -t 123", "only trace TID 123"],
    ["shmsnoop -d 10", "trace for 10 seconds only"],
    ["shmsnoop -n main", 'only processes whose name contains "main"'],
  ],
  object,
  options,
  plan({ timestamp, ...filters }, machine) {
    const isByThread = filters.tid !== undefined;
    return eventPlan<Event>(Event, {
      load: {
        ...filterSettings(filters),
        programs: syscallPrograms(["shmget", "shmat", "shmdt", "shmctl"], machine),
      },
      columns: [
        timestamp && secondsColumn({ width: 13, digits: 9 }),
        isByThread
          ? { head: "TID", width: 6, value: ({ who }) => who.tid }
          : { head: "PID", width: 6, value: ({ who }) => who.pid },
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        { head: "SYS", width: 6, align: "right", value: ({ syscall }) => CALLS[syscall]![0] },
        {
          head: "RET",
          width: 16,
          align: "right",
          value: ({ ret }) => ret,
          text: ({ ret }) => BigInt.asUintN(64, ret).toString(16),
        },
        { head: "ARGs", value: argumentsOf },
      ],
    });
  },
});

export default shmsnoop;

if (import.meta.main) await main(shmsnoop);
