/**
 * Attaching to USDT probes: uprobes at all their locations. The kernel increments the probe's
 * semaphore in every process for as long as the program is attached.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { collectWarnings, libbpf, takeWarnings } from "../../ffi/libbpf.ts";
import { errno } from "../../ffi/libc/libc.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { attachToPerfEvent, type PerfEventAttributes } from "../../ffi/libc/perf_event.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { permissionReason } from "../base/errors.ts";
import { type Link, newLink } from "../base/link.ts";
import { describeProbe, findProbes, type UsdtOptions } from "../usdt/usdt.ts";
import type { UsdtProbe } from "../usdt/usdt_notes.ts";
import { cookieOf, specsOf, type UsdtReader } from "../usdt/usdt_readarg.ts";
import { type Attachable, attachError, linkOf } from "./attachment.ts";
import { SEMAPHORE_SHIFT, uprobeType } from "./uprobe.ts";
import { UprobeGuard } from "./uprobe_guard.ts";

const ALL_PROCESSES = -1;
const ANY_CPU = -1;

/**
 * Attaches a kprobe-type program to a probe.
 *
 * Needs Linux >= 4.20; 5.15 where `reader` has several specs of the arguments.
 */
export function attachUsdt(program: Attachable, options: UsdtOptions, reader?: UsdtReader): Link {
  const where = describeProbe(options);
  const action = `attach program "${program.name}" to ${where}`;
  const probes = findProbes(options, action);
  probes.forEach((probe) => checkLocations(probe, action));
  const type = uprobeType(action);
  const pid = options.pid;
  const events = probes.flatMap((probe) => eventsOf(probe, type, reader, action));
  const fd = program.fd("KPROBE");
  const fds: number[] = [];
  for (const { event, path, cookie } of events) {
    fds.push(attachAt(fd, { ...event, config1: runtime.addressOf(path) }, pid, cookie));
    void path.length; // alive until the kernel has read the path
    if (fds.at(-1)! < 0) break;
  }
  return linkOf(program, where, fds, (errno) => explain(errno, pid));
}

/** Attaches to all the probes that a program was compiled for. */
export function attachReader(program: Attachable, reader: UsdtReader): Link {
  using undo = new DisposableStack();
  const links = reader.probes.map((probe) => undo.use(attachUsdt(program, probe, reader)));
  const all = undo.move();
  return newLink(links.map((link) => link.description).join(", "), () => all.dispose());
}

/**
 * Attaches a program of an object through libbpf, which fills the maps that BPF_USDT() and
 * bpf_usdt_arg() read.
 *
 * @param handle `struct bpf_program *`
 */
export function attachObjectUsdt(handle: bigint, name: string, options: UsdtOptions): Link {
  const where = describeProbe(options);
  const action = `attach program "${name}" to ${where}`;
  using undo = new DisposableStack();
  for (const probe of findProbes(options, action)) {
    checkLocations(probe, action);
    collectWarnings();
    const link = libbpf().bpf_program__attach_usdt(
      handle,
      options.pid ?? ALL_PROCESSES,
      cString(probe.path),
      cString(probe.provider),
      cString(probe.name),
      null,
    );
    if (link === 0n) {
      const reason = (errno: number) =>
        takeWarnings().at(-1)?.replace(/^libbpf: /, "") ?? explain(errno, options.pid);
      throw attachError({ name }, where, errno(), reason);
    }
    undo.defer(() => libbpf().bpf_link__destroy(link));
  }
  const links = undo.move();
  return newLink(where, () => links.dispose());
}

/**
 * Checks the address in each note: compilers put a nop there, but a corrupt note may give any
 * address.
 */
function checkLocations({ path, locations }: UsdtProbe, action: string): void {
  using guard = new UprobeGuard(path);
  for (const { offset } of locations) guard.check(offset, action);
}

interface LocationEvent {
  readonly event: PerfEventAttributes;
  readonly path: Uint8Array<ArrayBuffer>;
  /**
   * The attach cookie that tells the program which location it runs at; undefined if it does not
   * need that.
   */
  readonly cookie: bigint | undefined;
}

function eventsOf(
  probe: UsdtProbe,
  type: number,
  reader: UsdtReader | undefined,
  action: string,
): LocationEvent[] {
  const specs = reader ? specsOf(probe) : [];
  return probe.locations.map(({ offset, semaphore }, i) => {
    const cookie = reader ? cookieOf(reader, specs[i]!) : 0;
    if (cookie < 0) {
      throw new TypeError(
        `Cannot ${action}: the program was not compiled for its arguments: name this probe too in ` +
          "the option usdt of Bpf.compile()",
      );
    }
    const config = BigInt(semaphore?.offset ?? 0) << SEMAPHORE_SHIFT;
    return {
      event: { type, config, config2: BigInt(offset) },
      path: cString(probe.path),
      cookie: reader && reader.specs.length > 1 ? BigInt(cookie) : undefined,
    };
  });
}

/** Attaches at one location; returns the descriptor that holds it, or -errno. */
function attachAt(
  program: number,
  event: PerfEventAttributes,
  pid: number | undefined,
  cookie: bigint | undefined,
): number {
  const [process, cpu] = pid === undefined ? [ALL_PROCESSES, 0] : [pid, ANY_CPU];
  return attachToPerfEvent(program, event, process, cpu, cookie);
}

function explain(errno: number, pid: number | undefined): string | undefined {
  if (errno === Errno.EINVAL) {
    return "this kernel knows no semaphores of probes (Linux < 4.20), or another tracer is there that leaves out " +
      "the semaphore";
  }
  if (errno === Errno.ESRCH) return `process ${pid} does not exist`;
  if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
  return undefined;
}
