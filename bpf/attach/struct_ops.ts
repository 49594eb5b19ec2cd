/**
 * Registering struct_ops: a table of functions that the kernel calls, such as a TCP congestion
 * control.
 *
 * @module
 */

import { createLink } from "../../ffi/libc/bpf_syscall.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { collectWarnings, libbpf, takeWarnings } from "../../ffi/libbpf.ts";
import { close, exists } from "../../ffi/libc/files.ts";
import { errno } from "../../ffi/libc/libc.ts";
import { BpfError, permissionReason } from "../base/errors.ts";
import { notFound } from "../base/not_found.ts";
import { type Link, newLink } from "../base/link.ts";
import { BtfKind } from "../btf/btf.ts";
import { kernelBtf, VMLINUX } from "../btf/kernel_btf.ts";

/**
 * Map flag of a struct_ops registered by a link, which ends with the process
 * (include/uapi/linux/bpf.h).
 */
const BPF_F_LINK = 1 << 13;
/** enum bpf_attach_type. */
const BPF_STRUCT_OPS = 44;

/**
 * Makes a struct_ops registrable by a link where the kernel supports that; called before loading.
 */
export function prepareStructOps(handle: bigint): void {
  // Without a link the kernel keeps it registered when this process is killed. Without kernel BTF
  // libbpf refuses to load it in any case.
  if (!exists(VMLINUX)) return;
  if (kernelBtf().find("bpf_struct_ops_link", BtfKind.STRUCT) === undefined) return;
  const lib = libbpf();
  lib.bpf_map__set_map_flags(handle, lib.bpf_map__map_flags(handle) | BPF_F_LINK);
}

/** A struct_ops that is loaded. */
export interface StructOps {
  readonly name: string;
  /** Its `struct bpf_map *`. */
  readonly handle: bigint;
}

/**
 * Registers one of an object's struct_ops; the link is in `links` for as long as it is open.
 *
 * @throws {BpfError} when the kernel does not take it
 */
export function attachStructOps(
  name: string,
  all: readonly StructOps[],
  object: string,
  links: Set<Link>,
): Link {
  const found = all.find((each) => each.name === name);
  if (!found) throw notFound("struct_ops", name, object, all.map((each) => each.name));
  const description = `struct_ops ${name}`;
  const [release, fd] = register(description, found.handle);
  const close = () => {
    links.delete(link);
    release();
  };
  const link: Link = newLink(description, close, fd);
  links.add(link);
  return link;
}

/**
 * Registers a struct_ops; returns how to unregister it, and the link's descriptor where the kernel
 * has one.
 */
function register(description: string, handle: bigint): [() => void, number | undefined] {
  const lib = libbpf();
  const map = lib.bpf_map__fd(handle);
  const isByLink = (lib.bpf_map__map_flags(handle) & BPF_F_LINK) !== 0;
  collectWarnings();
  const link = lib.bpf_map__attach_struct_ops(handle);
  // EBUSY: an earlier registration has written the functions to the map already.
  if (link === 0n && !(isByLink && errno() === Errno.EBUSY)) throw failure(description, errno());
  if (!isByLink) return [() => lib.bpf_link__destroy(link), undefined];
  if (link !== 0n && lib.bpf_link__fd(link) !== map) {
    return [() => lib.bpf_link__destroy(link), lib.bpf_link__fd(link)];
  }
  // libbpf < 1.2 has written the functions to the map, but does not know the link that registers
  // them.
  if (link !== 0n) lib.bpf_link__destroy(link);
  const fd = createLink({ program: map, target: 0, type: BPF_STRUCT_OPS });
  if (fd < 0) throw failure(description, -fd);
  return [() => close(fd), fd];
}

function failure(description: string, errno: number): BpfError {
  return new BpfError("attach", `register ${description}`, errno, explain(errno));
}

function explain(errno: number): string | undefined {
  switch (errno) {
    case Errno.EEXIST:
      return "the kernel has one of that name already";
    case Errno.EINVAL:
      return "the kernel does not take it so: a function or a value that it needs is missing";
    case Errno.EBUSY:
      return "Linux < 6.4 registers it once only: load the object again";
    case Errno.EPERM:
    case Errno.EACCES:
      return permissionReason();
    default:
      return takeWarnings().at(-1)?.replace(/^libbpf: /, "");
  }
}
