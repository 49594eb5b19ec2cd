/**
 * Attaches programs to kernel functions with kprobes and kretprobes.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { exists, readText } from "../../ffi/libc/files.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { linkKprobes } from "../../ffi/libc/multi_link.ts";
import { attachToPerfEvent } from "../../ffi/libc/perf_event.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { permissionReason, UnsupportedError } from "../base/errors.ts";
import { kernelFunctions } from "../tracefs/kernel_functions.ts";
import type { Link } from "../base/link.ts";
import { type Attachable, linkOf } from "./attachment.ts";
import { checkMatches, linkParts, openEach, type PatternOptions } from "./multi.ts";
import { attachReturnEvent } from "./kretprobe_event.ts";

/** Where in a kernel function to attach. */
export interface KprobeOptions extends PatternOptions {
  /** Bytes from the function's start. Default 0; not with a pattern or a list. */
  readonly offset?: number;
}

/** How to attach to returns. */
export interface KretprobeOptions extends PatternOptions {
  /**
   * `maxactive` of a kretprobe: how many calls may be in flight at once; returns beyond that are
   * missed. Default: the kernel's, ten or twice the number of CPUs. Needs tracefs; not with a
   * pattern or a list.
   *
   * Such a probe has a name in tracefs, which is removed when the link is closed or the process
   * exits. A killed process leaves the name behind, detached; the next process that uses this
   * option removes it.
   */
  readonly maxActive?: number;
}

const PMU = "/sys/bus/event_source/devices/kprobe";

/** One kind of probe: at a function's entry or at its return. */
interface Kind {
  readonly name: "kprobe" | "kretprobe";
  readonly atReturn: boolean;
}
const ENTRY: Kind = { name: "kprobe", atReturn: false };
const RETURN: Kind = { name: "kretprobe", atReturn: true };

const MISSES = { misses: true } as const;

/** Kernel functions: one name, a pattern, or a list of names. */
export type KernelFunctions = string | RegExp | readonly string[];

const isList = (name: KernelFunctions): name is readonly string[] => Array.isArray(name);

/** Attaches a kprobe program to the entries of kernel functions. */
export function attachKprobe(
  program: Attachable,
  name: KernelFunctions,
  options: KprobeOptions = {},
): Link {
  const { offset = 0 } = options;
  if (typeof name !== "string") {
    if (offset !== 0) throw onlyWithName(program, ENTRY, "offset");
    return isList(name)
      ? attachList(program, ENTRY, name)
      : attachPattern(program, ENTRY, name, options);
  }
  const shift = offset ? `+0x${offset.toString(16)}` : "";
  const where = `kprobe ${name}${shift}`;
  requireKprobes(program, where);
  return linkOf(program, where, open(program, ENTRY, name, offset), explain, MISSES);
}

/** Attaches a kprobe program to the returns of kernel functions. */
export function attachKretprobe(
  program: Attachable,
  name: KernelFunctions,
  options: KretprobeOptions = {},
): Link {
  const { maxActive } = options;
  if (typeof name !== "string") {
    if (maxActive !== undefined) throw onlyWithName(program, RETURN, "maxActive");
    return isList(name)
      ? attachList(program, RETURN, name)
      : attachPattern(program, RETURN, name, options);
  }
  const where = `kretprobe ${name}`;
  requireKprobes(program, where);
  if (maxActive !== undefined) {
    return attachReturnEvent(program, where, name, maxActive, explain);
  }
  return linkOf(program, where, open(program, RETURN, name, 0), explain, MISSES);
}

/**
 * Attaches to all matches by one kprobe.multi link if kernel and program can, else by one perf
 * event each.
 */
function attachPattern(
  program: Attachable,
  kind: Kind,
  pattern: RegExp,
  options: PatternOptions,
): Link {
  const where = `${kind.name} ${pattern}`;
  requireKprobes(program, where);
  const targets = kernelFunctions(pattern);
  const action = `attach program "${program.name}" to ${where}`;
  checkMatches(action, "traceable kernel function", targets, options);
  const multi = linkKprobes(program.fd("KPROBE", "TRACE_KPROBE_MULTI"), targets, kind.atReturn);
  if (multi >= 0) {
    return linkOf(program, where, multi, explain, { pinnable: true, targets, ...MISSES });
  }
  const { result, taken } = openEach(targets, (name) => open(program, kind, name, 0));
  return linkOf(program, where, result, explain, { targets: taken, ...MISSES });
}

/** The cookie at each function is its index in the list. */
function attachList(program: Attachable, kind: Kind, names: readonly string[]): Link {
  const where = `${kind.name} ${names.length === 1 ? names[0] : `${names.length} functions`}`;
  requireKprobes(program, where);
  const { result, taken } = program.isMulti
    ? linkParts([...names.entries()], (part) => {
      const [indexes, functions] = [part.map(([index]) => index), part.map(([, name]) => name)];
      return linkKprobes(program.fd(), functions, kind.atReturn, indexes);
    })
    : openEach([...names.entries()], ([index, name]) => {
      return open(program, kind, name, 0, BigInt(index));
    });
  return linkOf(program, where, result, explain, {
    targets: taken.map(([, name]) => name),
    ...MISSES,
  });
}

/** Opens a perf event for one function: its descriptor, or that of its link, or -errno. */
function open(
  program: Attachable,
  { atReturn }: Kind,
  name: string,
  offset: number,
  cookie?: bigint,
): number {
  const text = cString(name);
  const event = {
    type: Number(readText(`${PMU}/type`)),
    config: atReturn ? returnFlag() : 0n,
    config1: runtime.addressOf(text),
    config2: BigInt(offset),
  };
  const programFd = program.fd("KPROBE");
  // Only a link reports missed hits of its probe; kernels before 5.15 have none for perf events.
  const fd = attachToPerfEvent(programFd, event, -1, 0, cookie);
  void text.length; // alive until the kernel has read the name
  return fd;
}

/** @throws {UnsupportedError} when this kernel has none, though it loads their programs */
export function requireKprobes(program: Pick<Attachable, "name">, where: string): void {
  if (exists(PMU)) return;
  throw new UnsupportedError(
    `attach program "${program.name}" to ${where}`,
    "kprobes",
    "this kernel has no kprobes: use a tracepoint where there is one",
  );
}

function explain(errno: number): string | undefined {
  if (errno === Errno.ENOENT || errno === Errno.EINVAL) {
    return "there is no such function, or it is inlined or marked notrace: " +
      "/proc/kallsyms lists those there are";
  }
  if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
  return undefined;
}

function onlyWithName(program: Attachable, kind: Kind, option: string): TypeError {
  return new TypeError(
    `Cannot attach program "${program.name}" to ${kind.name}s by pattern or list with ${option}: ` +
      "it needs one function's name",
  );
}

/** The bit of `config` that makes a probe a return probe, which sysfs describes as "config:0". */
function returnFlag(): bigint {
  const path = `${PMU}/format/retprobe`;
  const bit = exists(path) ? /config:(\d+)/.exec(readText(path))?.[1] : undefined;
  return 1n << BigInt(bit ?? 0);
}
