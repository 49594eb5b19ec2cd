/**
 * ts-bcc: eBPF tracing in TypeScript, for Deno and Bun.
 *
 * Load a compiled object, attach it, read its maps and events. Importing this module opens no
 * library and asks for no permission; libbpf is opened when the first object is loaded.
 *
 * @example Print every event of an object
 * ```ts
 * import { Bpf, chars, struct, u32 } from "./mod.ts";
 *
 * const Event = struct("event", { pid: u32, comm: chars(16) });
 *
 * export async function main(object: Uint8Array) {
 *   using bpf = Bpf.load(object);
 *   bpf.attach();
 *   for await (const event of bpf.events("events", Event)) console.log(event.pid, event.comm);
 * }
 * ```
 *
 * @module
 */

export { Bpf } from "./bpf/bpf.ts";
export type { LoadOptions } from "./bpf/object_file.ts";
export type { MapOptions } from "./bpf/map_setup.ts";
export type { CompileOptions, CompileSource, DebugOutput } from "./bpf/compile.ts";
export { CompileError, type Diagnostic } from "./bpf/compile_error.ts";
export type { Headers } from "./bpf/headers/choose.ts";
export type { Program } from "./bpf/program.ts";
export type { ProgramType } from "./bpf/program_type.ts";
export type { IteratorOptions } from "./bpf/attach/iterator.ts";
export type { KernelFunctions, KprobeOptions, KretprobeOptions } from "./bpf/attach/kprobe.ts";
export type { PatternOptions } from "./bpf/attach/many.ts";
export {
  onlineCpus,
  type PerfEvent,
  type PerfEventName,
  type PerfEventOptions,
} from "./bpf/attach/perf_event.ts";
export type { UprobeOptions } from "./bpf/attach/uprobe.ts";
export { findFile } from "./bpf/attach/library_path.ts";
export { type UserFunction, userFunctions } from "./bpf/attach/user_functions.ts";
export {
  kernelFunctions,
  type TracepointField,
  tracepointFields,
  tracepoints,
} from "./bpf/functions.ts";
export { syscallFunction, syscallName, syscallNumber } from "./bpf/syscalls.ts";
export type { TraceLine } from "./bpf/trace_line.ts";
export { TracePipe, type TracePipeOptions } from "./bpf/trace_pipe.ts";
export type {
  CgroupAttachType,
  DescriptorOptions,
  NamespaceAttachType,
  SockMapAttachType,
} from "./bpf/attach/descriptor.ts";
export type { Interface } from "./bpf/attach/network.ts";
export type { Direction } from "./bpf/attach/tc.ts";
export { removeXdp, type XdpMode, type XdpOptions } from "./bpf/attach/xdp.ts";
export type { AttachType } from "./bpf/attach_type.ts";
export { PacketSocket } from "./bpf/packet_socket.ts";
export { type UsdtOptions, usdtProbes, type UsdtSource } from "./bpf/usdt.ts";
export { type Operand, parseOperand, type UsdtArgument } from "./bpf/usdt_argument.ts";
export type { UsdtLocation, UsdtProbe } from "./bpf/usdt_notes.ts";
export type { UsdtHook } from "./bpf/usdt_reader.ts";
export { Link } from "./bpf/link.ts";
export { BpfMap, possibleCpus, type UpdateMode } from "./bpf/map.ts";
export { average, max, min, sum } from "./bpf/per_cpu.ts";
export { formatValue, parseValue } from "./bpf/value_text.ts";
export { type LpmKey, lpmKey } from "./bpf/lpm_key.ts";
export { BpfQueue, type PushOptions } from "./bpf/queue.ts";
export { CgroupArray } from "./bpf/cgroup_array.ts";
export { type KernelObject, ObjectMap } from "./bpf/object_map.ts";
export { type BuildIdFrame, BuildIdStacks, StackTraces } from "./bpf/stack_traces.ts";
export { type CounterOptions, type CounterValue, PerfCounters } from "./bpf/perf_counters.ts";
export { type ContainerFilter, containerFilter } from "./bpf/container_filter.ts";
export { tcpFlagNames, tcpStateName } from "./bpf/tcp_names.ts";
export { unpin } from "./bpf/pin.ts";
export { cgroupMount, cgroupPath, containerOf, type OpenCgroup, openCgroup } from "./bpf/cgroup.ts";
export { FIRST_PID_NAMESPACE, namespaceInode, type NamespaceKind } from "./bpf/namespaces.ts";
export { ProcessMemory } from "./bpf/process_memory.ts";
export { MappedFile, mappedFiles } from "./bpf/mapped_file.ts";
export { KernelSymbols } from "./bpf/kernel_symbols.ts";
export type { FollowOptions } from "./bpf/process_history.ts";
export { type UserSymbolOptions, UserSymbols } from "./bpf/user_symbols.ts";
export { type FormatOptions, formatSymbol, type ResolvedSymbol } from "./bpf/symbol.ts";
export { EventStream } from "./bpf/events.ts";
export type { PerfBufferOptions } from "./bpf/perf_buffer.ts";
export {
  type Bucket,
  type HistogramOptions,
  type HistogramSection,
  histogramSections,
  linearBuckets,
  linearLines,
  log2Buckets,
  log2Lines,
  sectionLines,
  type SectionOptions,
  type SlotCounts,
} from "./bpf/histogram.ts";
export { Global } from "./bpf/global.ts";
export {
  BpfError,
  ErrnoError,
  isPrivileged,
  LayoutError,
  LibraryError,
  UnsupportedError,
  VerifierError,
} from "./bpf/errors.ts";
export {
  type Answer,
  enumHasValue,
  hasFentry,
  hasHelper,
  hasIterator,
  hasKernelBtf,
  hasKernelFunction,
  hasKprobe,
  hasLibrary,
  hasMapType,
  hasProgramType,
  hasTracepoint,
  structHasField,
} from "./bpf/features.ts";
export {
  aligned,
  array,
  bits,
  bool,
  bytes,
  bytesRest,
  char,
  chars,
  charsRest,
  type Codec,
  type CType,
  decodeText,
  encodeText,
  enumOf,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  type Infer,
  ipv4,
  ipv6,
  padding,
  pointer,
  struct,
  type StructCodec,
  textRest,
  toC,
  u16,
  u16be,
  u32,
  u32be,
  u64,
  u64be,
  u8,
  union,
  type UnionCodec,
} from "./ffi/codec/mod.ts";
export { demangle } from "./ffi/demangle.ts";
export { errnoName } from "./ffi/errno.ts";
export { exists, readText } from "./ffi/libc.ts";
export { monotonicTime } from "./ffi/libc.ts";
export { embedLibraries, setLibraryPath } from "./ffi/library.ts";
export {
  HANGUP,
  prepareToWait,
  READABLE,
  type Wait,
  whenReady,
  WRITABLE,
  writeNow,
} from "./ffi/poll.ts";
