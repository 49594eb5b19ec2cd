/**
 * What the toolkit, the executables and the tools of this repository use beyond the public face: waiting
 * on descriptors, libraries inside an executable, links of one's own. No part of the API: it may change
 * with any version.
 *
 * @module
 */

export { closeLinks } from "./bpf/base/close_links.ts";
export { newLink } from "./bpf/base/link.ts";
export { borrowFunctions } from "./bpf/bpf.ts";
export { Btf, BtfKind } from "./bpf/btf/btf.ts";
export { lacksModuleTypes } from "./bpf/object/load_error.ts";
export { functionsTaking, parametersOf } from "./bpf/btf/functions_taking.ts";
export { kernelBtf, withKernelBtf } from "./bpf/btf/kernel_btf.ts";
export { type MapLine, parseMaps, readMaps, withoutDeleted } from "./bpf/proc/map_lines.ts";
export { type ForeignFile, openForeign } from "./bpf/proc/open_foreign.ts";
export { reachablePath } from "./bpf/proc/reachable_path.ts";
export { fileProbes } from "./bpf/usdt/usdt_notes.ts";
export { monotonicTime } from "./ffi/libc/clock.ts";
export { isFloat, type Operand, parseOperand } from "./bpf/usdt/usdt_argument.ts";
export {
  HANGUP,
  prepareToWait,
  READABLE,
  type Wait,
  waitOnThisThread,
  whenReady,
  WRITABLE,
} from "./ffi/libc/epoll.ts";
export { errnoNumber } from "./ffi/libc/errno.ts";
export {
  isOwnDescriptor,
  isWritable,
  requireWritable,
  writeError,
  writeFile,
} from "./ffi/libc/write_file.ts";
export { readNamedFile } from "./ffi/libc/read_named_file.ts";
export { releaseCode } from "./ffi/libc/release_code.ts";
export { collectGarbage } from "./ffi/runtime/collect_garbage.ts";
export { PromptWriter } from "./ffi/libc/prompt_writer.ts";
export { isTerminal, STDERR, STDOUT, writeShort } from "./ffi/libc/files.ts";
export { forgetUnsafeEnvironment } from "./ffi/libc/secure.ts";
export { ProcessEnd, type ProcessEndOptions } from "./bpf/proc/process_end.ts";
export { endOnSecondSignal, ignoreSignal, isSignalIgnored } from "./ffi/libc/signals.ts";
export { OutputFile, renameFile } from "./ffi/libc/output_file.ts";
export { MINIMUM } from "./ffi/runtime/minimum.ts";
export { pageSize } from "./ffi/libc/mmap.ts";
export { embedLibraries } from "./ffi/library.ts";
export { allProcesses } from "./bpf/proc/all_processes.ts";
export { type MemoryRange, readMemory } from "./bpf/proc/process_maps.ts";
export { registerOffset, registerOffsets, SYSCALL_REGISTERS } from "./bpf/tables/registers.ts";
export { MapType } from "./bpf/tables/map_type.ts";
