/**
 * What the toolkit, the executables and the tools of this repository use beyond the public face: waiting
 * on descriptors, libraries inside an executable, links of one's own. No part of the API: it may change
 * with any version.
 *
 * @module
 */

export { newLink } from "./bpf/base/link.ts";
export { functionsTaking } from "./bpf/btf/functions_taking.ts";
export { type MapLine, readMaps } from "./bpf/proc/map_lines.ts";
export { reachablePath } from "./bpf/proc/reachable_path.ts";
export { fileProbes } from "./bpf/usdt/usdt_notes.ts";
export { monotonicTime } from "./ffi/libc/clock.ts";
export { isFloat, type Operand, parseOperand } from "./bpf/usdt/usdt_argument.ts";
export {
  HANGUP,
  prepareToWait,
  READABLE,
  type Wait,
  whenReady,
  WRITABLE,
  writeNow,
} from "./ffi/libc/epoll.ts";
export { forgetUnsafeEnvironment } from "./ffi/libc/secure.ts";
export { ProcessEnd, type ProcessEndOptions } from "./bpf/proc/process_end.ts";
export { endOnSecondSignal } from "./ffi/libc/signals.ts";
export { MINIMUM } from "./ffi/runtime/minimum.ts";
export { pageSize } from "./ffi/libc/mmap.ts";
export { embedLibraries } from "./ffi/library.ts";
export { allProcesses } from "./bpf/proc/all_processes.ts";
export { type MemoryRange, readMemory } from "./bpf/proc/process_maps.ts";
export { mappedCallFrames, type MappedFrames } from "./bpf/symbols/mapped_call_frames.ts";
