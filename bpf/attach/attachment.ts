/**
 * Common part of all attach functions: the program to attach, and its link or the error with the
 * likely cause.
 *
 * A hook is reached through the program's descriptor, so that programs from libbpf and from libbcc
 * attach in the same way.
 *
 * @module
 */

import { close } from "../../ffi/libc/files.ts";
import type { AttachType } from "../tables/attach_type.ts";
import { BpfError } from "../base/errors.ts";
import { type Link, newLink } from "../base/link.ts";
import { linkMisses } from "../base/link_info.ts";
import type { ProgramType } from "../tables/program_type.ts";

/** A program as the attach functions need it. */
export interface Attachable {
  readonly name: string;
  /** Made for links to many hooks at once, and for nothing else. */
  readonly isMulti?: boolean;
  /**
   * Its descriptor as a program of that type, and for that hook where the kernel wants to know it
   * beforehand: programs compiled at run time may be loaded by this. Without a type it must be
   * loaded.
   */
  fd(type?: ProgramType, attachType?: AttachType): number;
}

/** What {@linkcode linkOf} says of a failed attachment. */
export type Explain = (errno: number) => string | undefined;

/**
 * Makes the link of descriptors that hold a program attached.
 *
 * @param opened descriptors, or a single -errno
 * @param explain gives the likely cause of an errno and the fix
 * @param options `pinnable`: the descriptor is a bpf link, not a perf event; `targets`: what a
 * pattern has matched; `misses`: the kernel may count probes that did not come off
 * @throws {BpfError} for a -errno
 */
export function linkOf(
  program: { readonly name: string },
  description: string,
  opened: number | readonly number[],
  explain: Explain,
  options: {
    readonly pinnable?: boolean;
    readonly targets?: readonly string[];
    readonly misses?: boolean;
  } = {},
): Link {
  const fds = typeof opened === "number" ? [opened] : opened;
  const failed = fds.find((fd) => fd < 0);
  if (failed !== undefined) {
    fds.filter((fd) => fd >= 0).forEach(close);
    throw attachError(program, description, -failed, explain);
  }
  const fd = options.pinnable ? fds[0] : undefined;
  const misses = options.misses ? () => sum(fds.map(linkMisses)) : undefined;
  return newLink(description, () => fds.forEach(close), fd, options.targets, misses);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);

/** The error for an attachment that failed with errno. */
export function attachError(
  program: { readonly name: string },
  description: string,
  errno: number,
  explain: Explain,
): BpfError {
  const action = `attach program "${program.name}" to ${description}`;
  return new BpfError("attach", action, errno, explain(errno));
}
