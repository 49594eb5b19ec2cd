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

import "./ffi/runtime/minimum.ts";

export { Bpf } from "./bpf/bpf.ts";
export type { EventOptions } from "./bpf/events/open_events.ts";
export type { OpenObject } from "./bpf/object/open_object.ts";
export type { AttachTarget, OpenProgram } from "./bpf/object/open_program.ts";
export type { InnerMap, OpenMap } from "./bpf/object/open_map.ts";
export type { LoadOptions } from "./bpf/object/load_object.ts";
export type { MapOptions } from "./bpf/maps/map_info.ts";
export type { CompileOptions, CompileSource, DebugOutput } from "./bpf/compile/compile_options.ts";
export { CompileError, type Diagnostic } from "./bpf/compile/compile_error.ts";
export type { Headers } from "./bpf/compile/headers/choose.ts";
export type { Hooks } from "./bpf/hooks.ts";
export type { Program } from "./bpf/program.ts";
export type { ProgramType } from "./bpf/tables/program_type.ts";
export type { IteratorOptions } from "./bpf/attach/iterator.ts";
export type { KernelFunctions, KprobeOptions, KretprobeOptions } from "./bpf/attach/kprobe.ts";
export type { PatternOptions } from "./bpf/attach/multi.ts";
export { onlineCpus } from "./bpf/base/cpus.ts";
export type { PerfEvent, PerfEventName } from "./bpf/tables/perf_events.ts";
export type { PerfEventOptions } from "./bpf/attach/perf_event.ts";
export type { RawTracepointOptions } from "./bpf/attach/raw_tracepoint.ts";
export type { TracepointOptions } from "./bpf/attach/tracepoint.ts";
export type { UprobeOptions } from "./bpf/attach/uprobe_options.ts";
export { findFile } from "./bpf/proc/library_path.ts";
export { type UserFunction, userFunctions } from "./bpf/symbols/user_functions.ts";
export {
  kernelFunctions,
  type TracepointField,
  tracepointFields,
  tracepoints,
} from "./bpf/tracefs/kernel_functions.ts";
export { syscallFunction, syscallName, syscallNumber } from "./bpf/tables/syscalls.ts";
export type { TraceLine } from "./bpf/tracefs/trace_line.ts";
export { TracePipe, type TracePipeOptions } from "./bpf/tracefs/trace_pipe.ts";
export type {
  CgroupAttachType,
  DescriptorOptions,
  NamespaceAttachType,
  SockMapAttachType,
} from "./bpf/attach/cgroup.ts";
export type { Interface } from "./bpf/attach/interface.ts";
export type { NetfilterOptions } from "./bpf/attach/netfilter.ts";
export type { Direction, TcOptions } from "./bpf/attach/tc.ts";
export { removeXdp, type XdpMode, type XdpOptions } from "./bpf/attach/xdp.ts";
export type { AttachType } from "./bpf/tables/attach_type.ts";
export { PacketSocket } from "./bpf/attach/packet_socket.ts";
export { type UsdtOptions, usdtProbes, type UsdtSource } from "./bpf/usdt/usdt.ts";
export type { UsdtArgument } from "./bpf/usdt/usdt_argument.ts";
export type { UsdtLocation, UsdtProbe } from "./bpf/usdt/usdt_notes.ts";
export type { UsdtHook } from "./bpf/usdt/usdt_readarg.ts";
export { Link } from "./bpf/base/link.ts";
export type { Maps } from "./bpf/maps/open_maps.ts";
export type { MapType } from "./bpf/tables/map_type.ts";
export { BpfMap, type UpdateMode } from "./bpf/maps/map.ts";
export { possibleCpus } from "./bpf/maps/per_cpu_value.ts";
export type { MapDetails } from "./bpf/maps/map_details.ts";
export type { ProgramInfo } from "./bpf/program_info.ts";
export type { RunOptions, RunResult } from "./bpf/test_run.ts";
export type { LinkInfo, LinkTarget } from "./bpf/base/link_info.ts";
export type { BtfInfo } from "./bpf/btf/btf_bytes.ts";
export {
  enableStatistics,
  loadedBtf,
  loadedLinks,
  loadedMaps,
  loadedPrograms,
} from "./bpf/loaded.ts";
export { CreatedMaps, createMaps, type MapSpec } from "./bpf/created_maps.ts";
export { type ObjectSource, openShared, Shared, type SharedSources } from "./bpf/shared.ts";
export { average, max, min, type Numeric, sum } from "./bpf/maps/per_cpu.ts";
export { formatValue, parseValue } from "./ffi/codec/value_text.ts";
export { lruEntries } from "./bpf/maps/lru_entries.ts";
export { type LpmKey, lpmKey } from "./bpf/maps/lpm_key.ts";
export { BpfQueue, type PushOptions } from "./bpf/maps/queue.ts";
export { UserRingBuffer } from "./bpf/maps/user_ring_buffer.ts";
export { CgroupArray } from "./bpf/maps/cgroup_array.ts";
export { type KernelObject, ObjectMap } from "./bpf/maps/object_map.ts";
export { type BuildIdFrame, BuildIdStacks, StackTraces } from "./bpf/maps/stack_traces.ts";
export { type CounterOptions, type CounterValue, PerfCounters } from "./bpf/maps/perf_counters.ts";
export { type ContainerFilter, containerFilter } from "./bpf/compile/container_filter.ts";
export { tcpFlagNames, tcpStateName } from "./bpf/tables/tcp_names.ts";
export { unpin } from "./bpf/base/pin.ts";
export {
  cgroupMount,
  cgroupPath,
  containerOf,
  containerPath,
  type OpenCgroup,
  openCgroup,
  podOf,
} from "./bpf/proc/cgroup.ts";
export { FIRST_PID_NAMESPACE, namespaceInode, type NamespaceKind } from "./bpf/proc/namespaces.ts";
export { ProcessMemory } from "./bpf/proc/process_memory.ts";
export { MappedFile, mappedFiles } from "./bpf/symbols/mapped_file.ts";
export { KernelSymbols } from "./bpf/symbols/kernel_symbols.ts";
export type { SourceLine } from "./bpf/elf/line_table.ts";
export type { FollowOptions } from "./bpf/symbols/process_history.ts";
export { type UserSymbolOptions, UserSymbols } from "./bpf/symbols/user_symbols.ts";
export {
  type AddressOptions,
  type FormatOptions,
  formatSymbol,
  type ResolvedSymbol,
  type SourceFrame,
} from "./bpf/symbols/symbol.ts";
export { EventStream } from "./bpf/events/event_stream.ts";
export type { PerfBufferOptions } from "./bpf/events/perf_buffer.ts";
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
export { Btf } from "./bpf/type_information.ts";
export { Global } from "./bpf/global.ts";
export { type ErrorKind, TsBccError } from "./ffi/error/ts_bcc_error.ts";
export { LayoutError } from "./ffi/codec/layout_error.ts";
export {
  BpfError,
  ErrnoError,
  isPrivileged,
  LibraryError,
  UnsupportedError,
  VerifierError,
} from "./bpf/base/errors.ts";
export { kernelEnum } from "./bpf/btf/kernel_enum.ts";
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
  libbpfVersion,
  structHasField,
} from "./bpf/features.ts";
export {
  aligned,
  type AlignedField,
  array,
  type ArrayType,
  type BitField,
  bits,
  bool,
  bytes,
  bytesRest,
  char,
  chars,
  charsRest,
  type Codec,
  type CompositeType,
  type CType,
  decodeText,
  encodeText,
  enumOf,
  type EnumType,
  f32,
  f64,
  type Field,
  type Fields,
  type FieldValue,
  type FieldValues,
  type FloatType,
  i16,
  i32,
  i64,
  i8,
  type Infer,
  type Int64Codec,
  type IntType,
  ipv4,
  ipv6,
  type LayoutOptions,
  type Member,
  type OneMember,
  type Padding,
  padding,
  pointer,
  type PointerType,
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
export { demangle } from "./bpf/symbols/demangle.ts";
export { errnoName } from "./ffi/libc/errno.ts";
export { exists, readText } from "./ffi/libc/files.ts";
export { monotonicTime } from "./ffi/libc/clock.ts";
export { setLibraryPath } from "./ffi/library.ts";
