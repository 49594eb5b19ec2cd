/**
 * The facts about a machine that plans depend on.
 *
 * A tool's `plan()` is pure: it reads nothing but its arguments. What depends on the machine (which
 * hooks its kernel has, which disks there are) comes from a {@linkcode Machine}. Tests pass an
 * invented one, and so check options and usage errors of every tool in milliseconds and without
 * root.
 *
 * @module
 */

import {
  type Answer,
  enumHasValue,
  exists,
  findFile,
  hasFentry,
  hasHelper,
  hasKernelFunction,
  hasKprobe,
  hasTracepoint,
  kernelFunctions,
  KernelSymbols,
  lruEntries,
  namespaceInode,
  type NamespaceKind,
  onlineCpus,
  openCgroup,
  readText,
  structHasField,
  type TracepointField,
  tracepointFields,
  tracepoints,
  type UsdtProbe,
  usdtProbes,
  type UserFunction,
  userFunctions,
} from "../../mod.ts";
import { functionsTaking, lacksModuleTypes, parametersOf } from "../../plumbing.ts";

/** stat(2) of a character device, with device numbers in the encoding of stat(2). */
export interface CharacterDevice {
  /** The device that the file represents (st_rdev). */
  readonly rdev: bigint;
  /** The device of its file system (st_dev). */
  readonly dev: bigint;
  /** The file's inode. */
  readonly ino: bigint;
}

/** The facts about a machine that plans depend on. */
export interface Machine {
  /** The process id of the tool itself. */
  readonly pid: number;
  /** The CPUs that are online. */
  onlineCpus(): readonly number[];
  /** How many entries an LRU hash needs to hold this many keys: it depends on the number of CPUs. */
  lruEntries(keys: number): number;
  /** Whether the kernel has a hook: `tracepoint:block:block_io_start`, `fentry:FUNCTION`, `kprobe:FUNCTION`, `kprobe`. */
  hasHook(hook: string): Answer;
  /** Whether a struct of the kernel's BTF has a field. */
  structHasField(struct: string, field: string): Answer;
  /** Whether an enum of the kernel's BTF has a value. */
  enumHasValue(name: string, value: string): Answer;
  /**
   * Whether programs can read the user registers of a task (unwind.h): Linux 5.15, and x86-64 so
   * far.
   */
  canWalkStacks(): Answer;
  /**
   * Whether links of raw tracepoints have attach cookies (Linux 6.10), which tell a program where
   * it runs.
   */
  hasRawCookies(): Answer;
  /** Whether the kernel knows a type of file system at present: modules come when one is mounted. */
  hasFileSystem(type: string): boolean;
  /** The functions of the kernel that can be probed and match. */
  kernelFunctions(pattern: RegExp): string[];
  /**
   * Of some kernel functions, those that take a pointer to a struct, with the index of that
   * argument.
   */
  functionsTaking(names: Iterable<string>, struct: string, most: number): Map<string, number>;
  /** The names of a kernel function's parameters; empty if its BTF has no such function. */
  parametersOf(name: string): string[];
  /** The tracepoints whose names match, as `CATEGORY/NAME`. */
  tracepoints(pattern: RegExp): string[];
  /** The fields of a tracepoint's record, by `CATEGORY/NAME`. */
  tracepointFields(tracepoint: string): TracepointField[];
  /** The path of a file, library or program, as a process sees it. */
  findFile(name: string, pid?: number): string | undefined;
  /** The functions of a file whose names match. */
  userFunctions(
    file: string,
    pattern: RegExp,
    pid?: number,
    leftOut?: (name: string) => void,
  ): UserFunction[];
  /** The USDT probes of a file. */
  usdtProbes(path: string): UsdtProbe[];
  /** Whether a file exists. */
  exists(path: string): boolean;
  /** The text of a file. */
  readText(path: string): string;
  /** The names in a directory; empty where it cannot be read. */
  namesIn(directory: string): string[];
  /** Whether a path is a directory. */
  isDirectory(path: string): boolean;
  /** Whether a path leads to a regular file. */
  isFile(path: string): boolean;
  /**
   * The text of /proc/self/fdinfo for a directory. @throws {Error} with a `code` if it does not
   * exist
   */
  directoryInfo(path: string): string;
  /** stat(2) of a character device; undefined if it does not exist. */
  characterDevice(path: string): CharacterDevice | undefined;
  /** The inode of a process's namespace, by default of this process's. */
  namespaceInode(kind: NamespaceKind, pid?: number): number;
  /** The device of namespace files, for bpf_get_ns_current_pid_tgid(). */
  namespaceDevice(): number;
  /** The id of a cgroup by its path. */
  cgroupId(path: string): bigint;
}

/** Loaded when it is first needed: it costs Bun milliseconds and a megabyte. */
const fs = () => process.getBuiltinModule("node:fs");

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  pid: process.pid,
  onlineCpus,
  lruEntries,
  hasHook,
  structHasField,
  enumHasValue,
  canWalkStacks,
  hasRawCookies: () => hasHelper("RAW_TRACEPOINT", GET_ATTACH_COOKIE),
  hasFileSystem,
  kernelFunctions,
  functionsTaking,
  parametersOf,
  tracepoints,
  tracepointFields,
  findFile,
  userFunctions,
  usdtProbes: (path) => usdtProbes({ path }),
  exists,
  readText,
  namesIn,
  isFile: (path) => fs().statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
  isDirectory: (path) => fs().statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  directoryInfo,
  characterDevice,
  namespaceInode,
  namespaceDevice: () => fs().statSync("/proc/self/ns/pid").dev,
  cgroupId,
};

function hasHook(hook: string): Answer {
  const [kind, ...rest] = hook.split(":");
  switch (kind) {
    case "tracepoint":
      return hasTracepoint(rest[0]!, rest[1]!);
    case "fentry":
    case "kprobe": {
      const can = kind === "fentry" ? hasFentry() : hasKprobe();
      if (can.answer === "no" || rest.length === 0) return can;
      const name = rest.join(":");
      return kind === "fentry" && isOfUntoldModule(name)
        ? { answer: "no", reason: `this kernel does not tell the types of module function ${name}` }
        : hasKernelFunction(name);
    }
    default:
      throw new TypeError(`Cannot look for hook "${hook}": expected tracepoint, fentry or kprobe`);
  }
}

/** Whether a function belongs to a kernel module and the kernel has no BTF of modules. */
function isOfUntoldModule(name: string): boolean {
  if (!lacksModuleTypes()) return false;
  return new KernelSymbols().address(name) === undefined;
}

/** enum bpf_func_id of include/uapi/linux/bpf.h. */
const [GET_ATTACH_COOKIE, TASK_PT_REGS] = [174, 175];

function canWalkStacks(): Answer {
  if (process.arch === "x64") return hasHelper("PERF_EVENT", TASK_PT_REGS);
  return { answer: "no", reason: "user stacks are walked on x86-64 only" };
}

function hasFileSystem(type: string): boolean {
  return readText("/proc/filesystems").split("\n").some((line) => line.split("\t")[1] === type);
}

function namesIn(directory: string): string[] {
  try {
    return fs().readdirSync(directory);
  } catch {
    return []; // gone, or unreadable
  }
}

function directoryInfo(path: string): string {
  const fd = fs().openSync(path, fs().constants.O_RDONLY | fs().constants.O_DIRECTORY);
  try {
    return readText(`/proc/self/fdinfo/${fd}`);
  } finally {
    fs().closeSync(fd);
  }
}

function characterDevice(path: string): CharacterDevice | undefined {
  const found = fs().statSync(path, { bigint: true, throwIfNoEntry: false });
  return found?.isCharacterDevice() ? found : undefined;
}

function cgroupId(path: string): bigint {
  using cgroup = openCgroup(path);
  return cgroup.id;
}
