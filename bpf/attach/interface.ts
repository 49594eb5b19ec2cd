/**
 * Common part of the network hooks: resolving an interface by name or index, and explaining why the
 * kernel refused.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { interfaceIndex, interfaceName } from "../../ffi/libc/socket.ts";
import { BpfError } from "../base/errors.ts";
import type { ProgramType } from "../tables/program_type.ts";

/** A network interface: its name (`eth0`), or its index in this network namespace. */
export type Interface = string | number;

/** An interface that exists. */
export interface FoundInterface {
  readonly name: string;
  readonly index: number;
}

/**
 * Finds an interface.
 *
 * @param action continues "Cannot …" and is followed by the interface: `attach … to XDP of`
 * @throws {BpfError} ENODEV when there is no such interface
 */
export function findInterface(which: Interface, action: string): FoundInterface {
  const index = typeof which === "number" ? which : interfaceIndex(which);
  const name = Number.isInteger(index) && index > 0 ? interfaceName(index) : undefined;
  if (name !== undefined) return { name, index };
  const title = typeof which === "number" ? `interface ${which}` : `"${which}"`;
  const reason =
    "there is no such interface in this network namespace: ip link lists those there " +
    "are";
  throw new BpfError("attach", `${action} ${title}`, Errno.ENODEV, reason);
}

/** Maps an errno of attaching to a network hook to its likely cause and the fix. */
export function explainNetwork(errno: number, type: ProgramType): string | undefined {
  switch (errno) {
    case Errno.EPERM:
    case Errno.EACCES:
      return "run it as root (sudo), or give it the capability CAP_NET_ADMIN besides CAP_BPF";
    case Errno.EINVAL:
      return `the program was not loaded as ${type} for this hook (its section tells), or this ` +
        "kernel is older than the hook";
    case Errno.ENODEV:
      return "the interface has gone";
    default:
      return undefined;
  }
}
