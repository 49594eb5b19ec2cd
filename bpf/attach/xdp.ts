/**
 * XDP: programs that see each packet as it arrives, before the network stack does.
 *
 * @module
 */

import { createLink } from "../../ffi/libc/bpf_syscall.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { collectWarnings, libbpf } from "../../ffi/libbpf.ts";
import { AttachType } from "../tables/attach_type.ts";
import { BpfError } from "../base/errors.ts";
import type { Link } from "../base/link.ts";
import { type Attachable, linkOf } from "./attachment.ts";
import { explainNetwork, findInterface, type Interface } from "./interface.ts";

/** XDP_FLAGS_… (include/uapi/linux/if_link.h). */
const MODES: Readonly<Record<XdpMode, number>> = { generic: 2, native: 4, offload: 8 };

/**
 * Who runs the program: the network stack (`generic`, any driver), the driver (`native`), or the
 * network card (`offload`).
 */
export type XdpMode = "generic" | "native" | "offload";

/** How to attach an XDP program. */
export interface XdpOptions {
  /** Default: native where the driver can, else generic. */
  readonly mode?: XdpMode;
}

/**
 * Attaches an XDP program to an interface. Needs Linux >= 5.9.
 *
 * Closing the link removes the program, and so does the end of the process.
 */
export function attachXdp(
  program: Attachable,
  target: Interface,
  { mode }: XdpOptions = {},
): Link {
  const { name, index } = findInterface(target, `attach program "${program.name}" to XDP of`);
  const fd = createLink({
    program: program.fd("XDP"),
    target: index,
    type: AttachType.XDP,
    flags: mode ? MODES[mode] : 0,
  });
  const description = mode ? `${mode} XDP of ${name}` : `XDP of ${name}`;
  return linkOf(program, description, fd, (errno) => explain(errno, name), { pinnable: true });
}

/**
 * Removes the XDP program that somebody else (`ip link`, bcc) attached to an interface without a
 * link. Programs of {@linkcode Program.attachXdp} are removed by closing their link.
 *
 * @throws {BpfError} EBUSY when a link holds the program
 */
export function removeXdp(target: Interface, { mode }: XdpOptions = {}): void {
  const action = "remove the XDP program from";
  const { name, index } = findInterface(target, action);
  collectWarnings();
  // An interface has at most one of the two modes, and removing nothing is no error.
  const modes = mode ? [mode] : ["generic", "native"] as const;
  for (const each of modes) {
    const result = libbpf().bpf_xdp_detach(index, MODES[each], null);
    if (result === 0) continue;
    const reason = result === -Errno.EBUSY
      ? "a link holds it: close the link, or end the process that does (bpftool link shows both)"
      : explain(-result, name);
    throw new BpfError("detach", `${action} ${name}`, -result, reason);
  }
}

function explain(errno: number, name: string): string | undefined {
  if (errno === Errno.EBUSY || errno === Errno.EEXIST) {
    return `another XDP program is there, and an interface has room for one: ip link show ${name}`;
  }
  if (errno === Errno.EOPNOTSUPP) {
    return `the driver of ${name} cannot: leave the mode to the kernel, or choose generic`;
  }
  return explainNetwork(errno, "XDP");
}
