/**
 * Traffic control: programs that see each packet as the network stack does, in both directions.
 *
 * @module
 */

import { createLink } from "../../ffi/libc/bpf_syscall.ts";
import { i32, struct, u32, u64 } from "../../ffi/codec/mod.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { collectWarnings, libbpf } from "../../ffi/libbpf.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { AttachType } from "../tables/attach_type.ts";
import { type Link, newLink } from "../base/link.ts";
import { type Attachable, attachError, linkOf } from "./attachment.ts";
import { explainNetwork, findInterface, type FoundInterface, type Interface } from "./interface.ts";

/** The direction of the packets: arriving (ingress) or leaving (egress). */
export type Direction = "ingress" | "egress";

/** Where among other programs a classifier runs. */
export interface TcOptions {
  /**
   * Run before the programs that are attached already, instead of after them. Needs Linux >= 6.6.
   * Default false.
   */
  readonly first?: boolean;
}

/** struct bpf_tc_hook of libbpf 1.0 (bpf/libbpf.h). */
const TcHook = struct("bpf_tc_hook", { sz: u64, ifindex: i32, attach_point: u32, parent: u32 });

/** struct bpf_tc_opts of libbpf 1.0 (bpf/libbpf.h). */
const ClsactOptions = struct("bpf_tc_opts", {
  sz: u64,
  prog_fd: i32,
  flags: u32,
  prog_id: u32,
  handle: u32,
  priority: u32,
});

/** Flag of tcx links (include/uapi/linux/bpf.h). */
const BPF_F_BEFORE = 1 << 3;

/** enum bpf_tc_attach_point. */
const POINTS = { ingress: 1, egress: 2 } as const;
/** Both points together stand for the qdisc itself. */
const QDISC = POINTS.ingress | POINTS.egress;

/** How many links use the clsact qdisc that this process created, by interface index. */
const made = new Map<number, number>();

/**
 * Attaches a classifier to an interface: by a link (tcx, Linux >= 6.6), or on older kernels in
 * direct-action mode on a `clsact` qdisc, which is created if there is none, and then removed with
 * the last link.
 */
export function attachTc(
  program: Attachable,
  target: Interface,
  direction: Direction,
  { first = false }: TcOptions = {},
): Link {
  const action = `attach program "${program.name}" to tc ${direction} of`;
  const found = findInterface(target, action);
  const description = `tc ${direction} of ${found.name}`;
  const type = direction === "ingress" ? AttachType.TCX_INGRESS : AttachType.TCX_EGRESS;
  const flags = first ? BPF_F_BEFORE : 0;
  const fd = createLink({ program: program.fd("SCHED_CLS"), target: found.index, type, flags });
  // EINVAL comes from kernels without tcx; attachClsact() reports any other cause of it.
  if (fd === -Errno.EINVAL && !first) return attachClsact(program, found, direction, description);
  return linkOf(program, description, fd, explain, { pinnable: true });
}

/**
 * Attaches by a filter on a clsact qdisc, as before tcx; the filter stays when this process is
 * killed.
 */
export function attachClsact(
  program: Attachable,
  { index }: FoundInterface,
  direction: Direction,
  description: string,
): Link {
  collectWarnings();
  const created = libbpf().bpf_tc_hook_create(hook(index, QDISC));
  if (created < 0 && created !== -Errno.EEXIST) {
    throw attachError(program, description, -created, explain);
  }
  if (created === 0) made.set(index, 0);

  const point = hook(index, POINTS[direction]);
  const options = alloc(ClsactOptions.size);
  const view = new DataView(options.buffer);
  const sz = BigInt(ClsactOptions.size);
  const none = { prog_fd: 0, flags: 0, prog_id: 0, handle: 0, priority: 0 };
  ClsactOptions.write(view, 0, { ...none, sz, prog_fd: program.fd("SCHED_CLS") });
  use(index, 1);
  const result = libbpf().bpf_tc_attach(point, options);
  if (result < 0) {
    use(index, -1);
    throw attachError(program, description, -result, explain);
  }
  // The kernel chose handle and priority, which identify this filter.
  const { handle, priority } = ClsactOptions.read(view, 0);
  return newLink(description, () => {
    ClsactOptions.write(view, 0, { ...none, sz, handle, priority });
    libbpf().bpf_tc_detach(point, options);
    use(index, -1);
  });
}

/** Counts the links on a qdisc that this process has created; removes it with the last one. */
function use(index: number, change: number): void {
  const count = made.get(index);
  if (count === undefined) return;
  made.set(index, count + change);
  if (count + change > 0) return;
  made.delete(index);
  libbpf().bpf_tc_hook_destroy(hook(index, QDISC));
}

function hook(ifindex: number, attach_point: number): Uint8Array<ArrayBuffer> {
  const bytes = alloc(TcHook.size);
  const sz = BigInt(TcHook.size);
  TcHook.write(new DataView(bytes.buffer), 0, { sz, ifindex, attach_point, parent: 0 });
  return bytes;
}

function explain(errno: number): string | undefined {
  if (errno === Errno.ENOENT) {
    return "this kernel was built without clsact, or lacks its modules: modprobe -a sch_ingress " +
      "cls_bpf";
  }
  return explainNetwork(errno, "SCHED_CLS");
}
