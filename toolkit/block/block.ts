/**
 * What block I/O tools share (block.h).
 *
 * @module
 */

import { readText } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { chooseHooks } from "../run/choose_hooks.ts";
import { text, UsageError } from "../options/options.ts";

const SYS_BLOCK = "/sys/class/block";

/** `-d DISK`. */
export const diskOption = text({
  short: "d",
  long: "disk",
  meta: "DISK",
  help: "trace this disk only",
});

/** Chooses the programs of block.h that this kernel has the hooks for. */
export function blockPrograms(machine: Machine): Record<string, boolean> {
  return chooseHooks("block I/O", [
    {
      hook: "tracepoint:block:block_io_start",
      also: [
        "tracepoint:block:block_rq_issue",
        "tracepoint:block:block_io_done",
        "tracepoint:block:block_rq_complete",
      ],
      programs: ["io_start", "rq_issue", "io_end", "flush_complete"],
    },
    {
      hook: "tracepoint:block:block_rq_insert",
      also: ["tracepoint:block:block_rq_issue", "tracepoint:block:block_rq_complete"],
      programs: ["rq_insert", "rq_issue_first", "rq_complete"],
    },
  ], machine);
}

/** The major and the minor number of a device. */
export const numbersOf = (device: number): [major: number, minor: number] => [
  device >>> 20,
  device & 0xfffff,
];

/** The value of `-d` for block.h: a disk's device number, or 0 for any. @throws {UsageError} */
export function targetDevice(
  disk: string | undefined,
  machine: Machine,
  option = "-d/--disk",
): number {
  if (disk === undefined) return 0;
  const folder = `${SYS_BLOCK}/${disk.replace(/^\/dev\//, "").replaceAll("/", "!")}`;
  const invalid = (reason: string) =>
    new UsageError(`invalid value ${JSON.stringify(disk)} for ${option}: ${reason}`);
  if (!/[^./]$/.test(folder) || !machine.exists(`${folder}/dev`)) {
    throw invalid(`no such disk in ${SYS_BLOCK}`);
  }
  if (machine.exists(`${folder}/partition`)) throw invalid("it is a partition: give its disk");
  const [major, minor] = machine.readText(`${folder}/dev`).split(":").map(Number) as [
    number,
    number,
  ];
  return major * 2 ** 20 + minor;
}

/** Functions that have a tracepoint's parameters behind one of their own; the first of a pair since Linux 5.10. */
const REQUEST_TRACERS = ["__traceiter_block_rq_issue", "__bpf_trace_block_rq"];
const BIO_TRACERS = ["__traceiter_block_bio_queue", "__bpf_trace_block_bio_queue"];

/**
 * The globals of request.h: the traced disk, and whether block_rq_insert and block_rq_issue pass
 * the queue first. They did until Linux 5.10, and later releases of 5.10 do not.
 */
export function requestGlobals(
  disk: string | undefined,
  machine: Machine,
): { target_device: number; is_queue_first: boolean } {
  return { target_device: targetDevice(disk, machine), is_queue_first: isQueueFirst(machine) };
}

/** See {@linkcode requestGlobals}. */
export const isQueueFirst = (machine: Machine): boolean =>
  isSecond(machine, REQUEST_TRACERS, "request");

/** Whether block_bio_queue passes the queue first, as until Linux 5.11. */
export const isBioBehindQueue = (machine: Machine): boolean =>
  isSecond(machine, BIO_TRACERS, "bio");

/** Whether functions take a pointer to a struct as the second of a tracepoint's parameters. */
function isSecond(machine: Machine, functions: readonly string[], struct: string): boolean {
  // Looking up functions takes milliseconds: skipped where this tracepoint shows that the kernel is
  // newer.
  if (machine.hasHook("tracepoint:block:block_io_start").answer === "yes") return false;
  return [...machine.functionsTaking(functions, struct, 3).values()].includes(2);
}

/** Names of disks by device number, including disks that are added while a tool runs. */
export class DiskNames {
  #names = new Map<number, string>();

  /** The disk's name, or `unknown` if there is none. */
  name(device: number, unknown = "?"): string {
    if (!this.#names.has(device)) this.#read();
    return this.#names.get(device) ?? unknown;
  }

  #read(): void {
    for (const line of readText("/proc/diskstats").split("\n")) {
      const [major, minor, name] = line.trim().split(/\s+/);
      if (name) this.#names.set(Number(major) * 2 ** 20 + Number(minor), name);
    }
  }
}

/** The kernel's letters for operations (blk_fill_rwbs() in kernel/trace/blktrace.c). */
const OPERATIONS: Record<number, string> = { 0: "R", 1: "W", 2: "F", 3: "D", 5: "D", 9: "N" };

/** The operation of a request: R(ead), W(rite), F(lush), D(iscard), N for others. */
export const operationOf = (flags: number): string => OPERATIONS[flags & 0xff] ?? "N";
