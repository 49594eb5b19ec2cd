/**
 * Pinning: a name in a bpf file system (usually /sys/fs/bpf) that keeps a map, program or link in
 * the kernel after this process has ended, and by which others find it.
 *
 * Needs Linux >= 4.4, for links 5.7.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { errno, libc } from "../../ffi/libc/libc.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { BpfError, permissionReason } from "./errors.ts";

/** Pins the object that a descriptor refers to. @param what continues "Cannot pin …" */
export function pinDescriptor(what: string, fd: number, path: string): void {
  const result = libbpf().bpf_obj_pin(fd, cString(path));
  if (result === 0) return;
  throw new BpfError("pin", `pin ${what} at "${path}"`, -result, explain(-result));
}

/**
 * Removes a pin; the object stays in the kernel while somebody else holds it.
 *
 * @throws {BpfError} ENOENT when there is no such name
 */
export function unpin(path: string): void {
  if (libc().unlink(cString(path)) === 0) return;
  throw new BpfError("unpin", `unpin "${path}"`, errno());
}

function explain(errno: number): string | undefined {
  switch (errno) {
    case Errno.EEXIST:
      return "the name is taken: unpin it first";
    case Errno.ENOENT:
      return "its folder does not exist";
    case Errno.EINVAL:
      return "the path is not in a bpf file system, or this kind of link cannot be pinned";
    case Errno.EPERM:
    case Errno.EACCES:
      return `the path has to lie in a bpf file system, usually /sys/fs/bpf; or ${permissionReason()}`;
    default:
      return undefined;
  }
}
