/**
 * Attaching to functions of the kernel.
 *
 * @module
 */

import { Errno } from "../../ffi/errno.ts";
import { exists, readText } from "../../ffi/libc.ts";
import { cString } from "../../ffi/memory.ts";
import { attachToPerfEvent } from "../../ffi/perf_event.ts";
import { runtime } from "../../ffi/runtime.ts";
import { permissionReason, UnsupportedError } from "../errors.ts";
import type { Link } from "../link.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/** Where in a kernel function to attach. */
export interface KprobeOptions {
  /** Bytes into the function. Default 0; only at entry. */
  readonly offset?: number;
}

const PMU = "/sys/bus/event_source/devices/kprobe";

/** Attaches a kprobe program to a kernel function's entry. Needs Linux >= 4.17. */
export function attachKprobe(
  program: Attachable,
  name: string,
  options: KprobeOptions = {},
): Link {
  const { offset = 0 } = options;
  const shift = offset ? `+0x${offset.toString(16)}` : "";
  return attach(program, `kprobe ${name}${shift}`, name, offset, 0n);
}

/** Attaches a kprobe program to a kernel function's return. Needs Linux >= 4.17. */
export function attachKretprobe(program: Attachable, name: string): Link {
  return attach(program, `kretprobe ${name}`, name, 0, returnFlag());
}

function attach(
  program: Attachable,
  where: string,
  name: string,
  offset: number,
  config: bigint,
): Link {
  if (!exists(PMU)) {
    throw new UnsupportedError(
      `attach program "${program.name}" to ${where}`,
      "kprobes",
      "this kernel has no kprobes: use a tracepoint where there is one",
    );
  }
  const text = cString(name);
  const fd = attachToPerfEvent(
    program.fd("KPROBE"),
    {
      type: Number(readText(`${PMU}/type`)),
      config,
      config1: runtime.addressOf(text),
      config2: BigInt(offset),
    },
    -1,
    0,
  );
  void text.length; // alive until the kernel has read the name
  return linkOf(program, where, fd, (errno) => {
    if (errno === Errno.ENOENT || errno === Errno.EINVAL) {
      return "there is no such function, or it is inlined or marked notrace: " +
        "/proc/kallsyms lists those there are";
    }
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return undefined;
  });
}

/** The bit of `config` that asks for the return: the kernel says which in "config:0". */
function returnFlag(): bigint {
  const path = `${PMU}/format/retprobe`;
  const bit = exists(path) ? /config:(\d+)/.exec(readText(path))?.[1] : undefined;
  return 1n << BigInt(bit ?? 0);
}
