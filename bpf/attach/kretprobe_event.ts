/**
 * Return probes with a `maxactive` of their own: only tracefs events have that setting, perf's
 * kprobe PMU always uses the kernel's default.
 *
 * Syntax: Documentation/trace/kprobetrace.rst.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { exists, readText, writeText } from "../../ffi/libc/files.ts";
import { attachToPerfEvent, PerfType } from "../../ffi/libc/perf_event.ts";
import { UnsupportedError } from "../base/errors.ts";
import { atExit, ownName, removeLeftovers } from "../tracefs/owned_names.ts";
import { type Link, newLink } from "../base/link.ts";
import { requireTracefs, tracefs } from "../tracefs/tracefs.ts";
import { type Attachable, attachError, type Explain, linkOf } from "./attachment.ts";

const GROUP = "tsbcc";
/** The kernel's own limit (KRETPROBE_MAXACTIVE_MAX of kernel/trace/trace_kprobe.c). */
const MOST = 4096;

/** Attaches to a function's return, with room for `maxActive` calls at once. */
export function attachReturnEvent(
  program: Attachable,
  where: string,
  name: string,
  maxActive: number,
  explain: Explain,
): Link {
  const action = `attach program "${program.name}" to ${where}`;
  if (!Number.isInteger(maxActive) || maxActive < 1 || maxActive > MOST) {
    throw new RangeError(
      `Cannot ${action}: expected maxActive from 1 to ${MOST}, found ${maxActive}`,
    );
  }
  requireTracefs(action);
  const file = `${tracefs()}/kprobe_events`;
  if (!exists(file)) {
    throw new UnsupportedError(
      action,
      "kprobe events",
      "this kernel has no kprobe_events in tracefs",
    );
  }
  const programFd = program.fd("KPROBE");
  try {
    using event = new ReturnEvent(file, name, maxActive);
    const fd = attachToPerfEvent(programFd, { type: PerfType.TRACEPOINT, config: event.id }, -1, 0);
    const link = linkOf(program, where, fd, explain, { isNamed: true });
    const remove = event.keep();
    const release = () => {
      link.close();
      remove();
    };
    const forgetExit = atExit(release);
    return newLink(where, () => {
      forgetExit();
      release();
    });
  } catch (error) {
    if (error instanceof ErrnoError) throw attachError(program, where, error.errno, explain);
    throw error;
  }
}

/** A named probe in tracefs; removed at the end of the block unless it is kept. */
class ReturnEvent implements Disposable {
  /** The tracepoint id of the event. */
  readonly id: bigint;
  #remove: (() => void) | undefined;

  constructor(file: string, name: string, maxActive: number) {
    // Lines are "r8:tsbcc/NAME FUNCTION".
    const names = Array.from(readText(file).matchAll(/^r\d*:tsbcc\/(\S+) /gm), ([, name]) => name!);
    removeLeftovers(names, (name) => writeText(file, `-:${GROUP}/${name}`));
    const event = `${GROUP}/${ownName()}`;
    writeText(file, `r${maxActive}:${event} ${name}`);
    this.#remove = () => writeText(file, `-:${event}`);
    try {
      this.id = BigInt(readText(`${tracefs()}/events/${event}/id`).trim());
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The caller removes the name from now on. */
  keep(): () => void {
    const remove = this.#remove!;
    this.#remove = undefined;
    return remove;
  }

  [Symbol.dispose](): void {
    this.#remove?.();
  }
}
