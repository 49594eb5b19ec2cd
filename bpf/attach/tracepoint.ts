/**
 * Attaches programs to the kernel's static tracepoints.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readText } from "../../ffi/libc/files.ts";
import { attachToPerfEvent, linkToPerfEvent, PerfType } from "../../ffi/libc/perf_event.ts";
import { permissionReason } from "../base/errors.ts";
import { tracepoints } from "../tracefs/kernel_functions.ts";
import type { Link } from "../base/link.ts";
import { mountedTracefs, requireTracefs, tracefs } from "../tracefs/tracefs.ts";
import { type Attachable, linkOf } from "./attachment.ts";
import { checkMatches, openEach, type PatternOptions } from "./multi.ts";

/** The error message for an errno of a tracepoint. */
export function explainTracepoint(category: string, name: string, errno: number): string {
  if (errno === Errno.ENOENT) {
    const root = mountedTracefs();
    const list = root === undefined
      ? "tplist lists those there are"
      : `list them in ${root}/events`;
    return `this kernel has no tracepoint ${category}/${name}; ${list}`;
  }
  if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
  return "see the kernel log (dmesg)";
}

/** The tracepoint's id in tracefs, or -errno. */
function tracepointId(category: string, name: string): number {
  try {
    return Number(readText(`${tracefs()}/events/${category}/${name}/id`));
  } catch (error) {
    if (error instanceof ErrnoError) return -error.errno;
    throw error;
  }
}

/**
 * Attaches a tracepoint program to `category/name`, for example `sched/sched_switch`.
 *
 * Needs Linux >= 4.7 and tracefs, mounted or not.
 */
export function attachTracepoint(program: Attachable, category: string, name: string): Link {
  const where = `tracepoint ${category}/${name}`;
  requireTracefs(`attach program "${program.name}" to ${where}`);
  const fd = open(program, category, name);
  return linkOf(program, where, fd, (errno) => explainTracepoint(category, name, errno));
}

/**
 * Attaches a program to the tracepoint that its section names. Done without libbpf, which finds
 * tracefs at its standard mount points only.
 */
export function attachTracepointSection(
  program: Attachable,
  section: string,
  category: string,
  name: string,
): Link {
  requireTracefs(`attach program "${program.name}" to ${section}`);
  const explain = (errno: number) => explainTracepoint(category, name, errno);
  // By a link, as libbpf does, so that it can be pinned; before Linux 5.15 perf events had none.
  const link = open(program, category, name, linkToPerfEvent);
  if (link >= 0) return linkOf(program, section, link, explain, { pinnable: true });
  return linkOf(program, section, open(program, category, name), explain);
}

/** Options of lists of tracepoints. */
export interface TracepointOptions {
  /** The attach cookies of the tracepoints, in the list's order. Default: the index in the list. */
  readonly cookies?: readonly number[];
}

/** Attaches a tracepoint program to all tracepoints `category/name` that match, or to those of a list. */
export function attachTracepoints(
  program: Attachable,
  wanted: RegExp | readonly string[],
  options: PatternOptions & TracepointOptions = {},
): Link {
  const isPattern = wanted instanceof RegExp;
  const where = `tracepoint ${isPattern ? wanted : `${wanted.length} by name`}`;
  const action = `attach program "${program.name}" to ${where}`;
  requireTracefs(action);
  const targets = isPattern ? tracepoints(wanted) : wanted;
  if (isPattern) checkMatches(action, "tracepoint", targets, options);
  const { result, taken } = openEach(targets, (target, index) => {
    const [category, name] = target.split("/");
    const cookie = isPattern ? 0n : BigInt(options.cookies?.[index] ?? index);
    return open(program, category!, name!, attachToPerfEvent, cookie);
  });
  const explain = (errno: number) =>
    errno === Errno.EINVAL
      ? "perf cannot hook these tracepoints"
      : errno === Errno.EACCES
      ? "the program reads more than one of these tracepoints has"
      : permissionReason();
  return linkOf(program, where, result, explain, { targets: taken });
}

/** Opens a tracepoint's perf event: its descriptor or -errno. */
function open(
  program: Attachable,
  category: string,
  name: string,
  attach = attachToPerfEvent,
  cookie = 0n,
): number {
  const id = tracepointId(category, name);
  if (id < 0) return id;
  const event = { type: PerfType.TRACEPOINT, config: BigInt(id) };
  // One CPU is enough: a tracepoint's programs run on all CPUs, whichever event they are attached
  // to.
  const fd = program.fd("TRACEPOINT");
  return attach(fd, event, -1, 0, cookie);
}
