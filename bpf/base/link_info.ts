/**
 * What the kernel tells of a link.
 *
 * @module
 */

import { libbpf } from "../../ffi/libbpf.ts";
import { alloc } from "../../ffi/libc/memory.ts";

// enum bpf_link_type, enum bpf_perf_event_type (include/uapi/linux/bpf.h).
const [BPF_LINK_TYPE_PERF_EVENT, BPF_LINK_TYPE_KPROBE_MULTI] = [7, 8];
const [BPF_PERF_EVENT_KPROBE, BPF_PERF_EVENT_KRETPROBE] = [3, 4];

/** `perf_event.kprobe.missed` and `kprobe_multi.missed` of struct bpf_link_info, since Linux 6.7. */
const [KPROBE_MISSED_AT, MULTI_MISSED_AT] = [48, 32];
const INFO_SIZE = 64;

/**
 * How often the probe that a link holds did not come off: within another probe, or with more calls
 * under way than there is room for their returns. 0 where the kernel does not tell.
 */
export function linkMisses(fd: number): number {
  const info = alloc(INFO_SIZE);
  const length = new Uint32Array([info.length]);
  if (libbpf().bpf_obj_get_info_by_fd(fd, info, new Uint8Array(length.buffer)) < 0) return 0;
  const view = new DataView(info.buffer);
  const type = view.getUint32(0, true);
  if (type === BPF_LINK_TYPE_KPROBE_MULTI) return Number(view.getBigUint64(MULTI_MISSED_AT, true));
  const kind = view.getUint32(16, true);
  const isProbe = kind === BPF_PERF_EVENT_KPROBE || kind === BPF_PERF_EVENT_KRETPROBE;
  if (type !== BPF_LINK_TYPE_PERF_EVENT || !isProbe) return 0;
  return Number(view.getBigUint64(KPROBE_MISSED_AT, true));
}
