/**
 * Kernel code in TypeScript: functions that are compiled to BPF on the spot, without C.
 *
 * An entry of its own beside `mod.ts`, because its parser (acorn) comes from a registry.
 *
 * @module
 */

export type {
  EntryNames,
  EventNames,
  KernelCode,
  KeyOf,
  TypedAccess,
  ValueOf,
} from "./bpf/kernel_code.ts";
export { type Definition, functions, Kernel, kernel } from "./bpf/typescript/kernel.ts";
export type { SharedFunctions } from "./bpf/typescript/language/shared_functions.ts";
export { begin, end, interval, type UserPart } from "./bpf/typescript/language/user_parts.ts";
export type {
  CgroupsInKernel,
  EntriesInKernel,
  EventsInKernel,
  HistogramInKernel,
  HistogramsInKernel,
  InKernel,
  KernelOptions,
  LoadedBy,
  OutsideOf,
  Part,
  Programs,
  StacksInKernel,
  Used,
} from "./bpf/typescript/kernel.ts";
export {
  type AnyMap,
  arrayMap,
  cgroupArray,
  type EntriesOptions,
  hash,
  histogram,
  type HistogramKey,
  lruHash,
  type MapDefinition,
  type MapRole,
  NEGATIVE_SLOTS,
  perCpuArray,
  perCpuHash,
  perfBuffer,
  ringBuffer,
  stackTraces,
} from "./bpf/typescript/language/maps.ts";
export {
  btfTracepoint,
  fentry,
  fexit,
  iterator,
  kprobe,
  kretprobe,
  lsm,
  modifyReturn,
} from "./bpf/typescript/language/kernel_hooks.ts";
export {
  type Packet,
  socketFilter,
  tc,
  type TcTarget,
  type TcVerdict,
  xdp,
  type XdpTarget,
  type XdpVerdict,
} from "./bpf/typescript/language/network_hooks.ts";
export {
  type Fields,
  type Hook,
  perfEvent,
  type ProgramDefinition,
  rawTracepoint,
  type Registers,
  type Sample,
  tracepoint,
  uprobe,
  uretprobe,
  usdt,
} from "./bpf/typescript/language/hooks.ts";
export {
  bootTime,
  cast,
  cgroupId,
  comm,
  cpu,
  currentTask,
  gid,
  has,
  ip,
  kernelNumber,
  kernelStack,
  kernelString,
  ktime,
  pid,
  print,
  random,
  sendSignal,
  signed,
  tid,
  uid,
  unsigned,
  userNumber,
  userStack,
  userString,
} from "./bpf/typescript/language/builtins.ts";
export {
  KernelStack,
  STACK_MAP,
  STACK_TIMES,
  UserStack,
} from "./bpf/typescript/language/stacks.ts";
export type {
  BtfTracepointFields,
  CallOf,
  Declared,
  ParametersOf,
  ReturnedBy,
  StructOf,
  TracepointFields,
} from "./bpf/typescript/language/known_kernel.ts";
export { KernelCodeError } from "./bpf/typescript/language/source.ts";
