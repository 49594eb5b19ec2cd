/**
 * Attaches programs to an object given by a file descriptor: a cgroup, a socket map, a device.
 *
 * @module
 */

import { attachProgram, createLink, detachProgram } from "../../ffi/libc/bpf_syscall.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, duplicate, O_RDONLY, open } from "../../ffi/libc/files.ts";
import { AttachType, programTypeOf } from "../tables/attach_type.ts";
import { type Link, newLink } from "../base/link.ts";
import type { KernelObject } from "../maps/object_map.ts";
import { type Attachable, attachError, linkOf } from "./attachment.ts";
import { explainNetwork } from "./interface.ts";

/** How a program is attached to a cgroup. */
export type CgroupAttachType = Extract<AttachType, `CGROUP_${string}`>;
/** How a program is attached to a network namespace. */
export type NamespaceAttachType = "FLOW_DISSECTOR" | "SK_LOOKUP";
/** How a program is attached to a SOCKMAP or SOCKHASH. */
export type SockMapAttachType = Extract<AttachType, `SK_MSG_${string}` | `SK_SKB_${string}`>;

/** Flags of the attachment. */
export interface DescriptorOptions {
  /** BPF_F_… of `bpf_attr.attach_flags` (include/uapi/linux/bpf.h). Default 0. */
  readonly flags?: number;
}

/**
 * Attaches to the cgroup (of version 2) in that folder, and those below it. Needs Linux >= 5.7.
 *
 * @param cgroup the folder's path, or a descriptor of it, which stays the caller's
 */
export function attachCgroup(
  program: Attachable,
  cgroup: string | number,
  type: CgroupAttachType,
): Link {
  const title = typeof cgroup === "string" ? cgroup : `file descriptor ${cgroup}`;
  return attachByLink(program, cgroup, type, `${type} of cgroup ${title}`, (errno) => {
    if (errno === Errno.EBADF || errno === Errno.ENOENT) {
      return "it has to be a folder of cgroup version 2, which lies in /sys/fs/cgroup, or beside " +
        "version 1 in /sys/fs/cgroup/unified";
    }
    return undefined;
  });
}

/** Attaches to a network namespace, by default this process's. Needs Linux >= 5.8, SK_LOOKUP 5.9. */
export function attachNamespace(
  program: Attachable,
  type: NamespaceAttachType,
  path: string = "/proc/thread-self/ns/net",
): Link {
  return attachByLink(program, path, type, `${type} of network namespace ${path}`, (errno) => {
    if (errno === Errno.E2BIG || errno === Errno.EEXIST) {
      return "the namespace has as many of these as it can: detach one first (bpftool net)";
    }
    return undefined;
  });
}

/**
 * Attaches to a map of sockets. Needs Linux >= 4.14 for streams, 4.17 for messages.
 *
 * A socket takes over the map's programs when it is inserted, and keeps them until it leaves the
 * map, even after the link is closed.
 */
export function attachSockMap(
  program: Attachable,
  map: KernelObject,
  type: SockMapAttachType,
): Link {
  return attachByCall(program, map.fd, type, `${type} of map "${map.name}"`, 0);
}

/**
 * Attaches to the object that the descriptor `target` refers to: a cgroup, a socket map, an
 * infrared device. The descriptor stays the caller's. This is `bpf_prog_attach`, as in bcc's
 * `attach_func`.
 */
export function attachToFd(
  program: Attachable,
  target: number,
  type: AttachType,
  { flags = 0 }: DescriptorOptions = {},
): Link {
  return attachByCall(program, target, type, `${type} of file descriptor ${target}`, flags);
}

/** Attaches by BPF_LINK_CREATE: the program stays attached while the link's descriptor is open. */
function attachByLink(
  program: Attachable,
  where: string | number,
  type: AttachType,
  description: string,
  explain: (errno: number) => string | undefined,
): Link {
  const reason = (errno: number) => explain(errno) ?? explainNetwork(errno, programTypeOf(type));
  const fd = program.fd(programTypeOf(type), type);
  const target = typeof where === "number"
    ? where
    : openTarget(program, where, description, reason);
  const link = createLink({ program: fd, target, type: AttachType[type] });
  if (typeof where === "string") close(target);
  return linkOf(program, description, link, reason, { pinnable: true });
}

function openTarget(
  program: Attachable,
  path: string,
  description: string,
  explain: (errno: number) => string | undefined,
): number {
  try {
    return open(path, O_RDONLY);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    throw attachError(program, description, error.errno, explain);
  }
}

/** Attaches by BPF_PROG_ATTACH and keeps a copy of `target`, to detach when the link is closed. */
function attachByCall(
  program: Attachable,
  target: number,
  type: AttachType,
  description: string,
  flags: number,
): Link {
  const request = {
    program: program.fd(programTypeOf(type), type),
    target: duplicate(target),
    type: AttachType[type],
    flags,
  };
  const result = attachProgram(request);
  if (result < 0) {
    close(request.target);
    throw attachError(program, description, -result, (errno) => {
      if (errno === Errno.EBUSY || errno === Errno.EEXIST) return "something is attached there";
      return explainNetwork(errno, programTypeOf(type));
    });
  }
  return newLink(description, () => {
    detachProgram(request);
    close(request.target);
  });
}
