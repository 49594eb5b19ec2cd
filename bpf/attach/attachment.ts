/**
 * Common part of all attach functions: the program to attach, and its link or the error with the
 * likely cause.
 *
 * A hook is reached through the program's descriptor, so that programs from libbpf and from libbcc
 * attach in the same way.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { close } from "../../ffi/libc/files.ts";
import type { AttachType } from "../tables/attach_type.ts";
import { BpfError, TOO_MANY_FILES } from "../base/errors.ts";
import { closeDescriptors } from "../base/close_links.ts";
import { type Link, newLink } from "../base/link.ts";
import { linkMisses } from "../base/link_info.ts";
import type { ProgramType } from "../tables/program_type.ts";

/** A program as the attach functions need it. */
export interface Attachable {
  readonly name: string;
  /**
   * Created for links that attach one program to many hooks; such a program cannot be attached in
   * another way.
   */
  readonly isMulti?: boolean;
  /**
   * The descriptor of this program loaded with that type and, where the kernel wants it at load
   * time, that attach type. Programs compiled at run time may be loaded by this call. Without
   * `type` the program must be loaded already.
   */
  fd(type?: ProgramType, attachType?: AttachType): number;
}

/** Maps an errno of a failed attachment to its likely cause and the fix, for {@linkcode linkOf}. */
export type Explain = (errno: number) => string | undefined;

/**
 * Creates the link that owns the descriptors which keep a program attached.
 *
 * @param opened descriptors, or a single -errno
 * @param explain gives the likely cause of an errno and the fix
 * @param options `pinnable`: the descriptor is a bpf link, not a perf event; `targets`: what a
 * pattern matched; `misses`: the kernel counts missed probe hits for this link; `isNamed`: the hook has a name in
 * tracefs, which can only be removed once the descriptors are released
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
    readonly isNamed?: boolean;
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
  const release = () => options.isNamed ? fds.forEach(close) : closeDescriptors(fds);
  return newLink(description, release, fd, options.targets, misses);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);

/** The error for an attachment that the kernel refused with this errno. */
export function attachError(
  program: { readonly name: string },
  description: string,
  errno: number,
  explain: Explain,
): BpfError {
  const action = `attach program "${program.name}" to ${description}`;
  const reason = errno === Errno.EMFILE ? TOO_MANY_FILES : explain(errno);
  return new BpfError("attach", action, errno, reason);
}
