/**
 * bpf(2): the commands on objects that are in the kernel already, by id, by path and by descriptor.
 *
 * All return a descriptor, an id or 0, or -errno when the kernel refuses.
 *
 * @module
 */

import { submit } from "./bpf_syscall.ts";
import { alloc, cString } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";

// enum bpf_cmd (include/uapi/linux/bpf.h).
const BPF_OBJ_PIN = 6n;
const BPF_OBJ_GET = 7n;
const BPF_PROG_TEST_RUN = 10n;
const BPF_OBJ_GET_INFO_BY_FD = 15n;
const BPF_BTF_GET_FD_BY_ID = 19n;
const BPF_MAP_FREEZE = 22n;
const BPF_ENABLE_STATS = 32n;
const BPF_LINK_DETACH = 34n;
const GET_NEXT_ID = { program: 11n, map: 12n, btf: 23n, link: 31n } as const;
const GET_FD_BY_ID = { program: 13n, map: 14n, btf: BPF_BTF_GET_FD_BY_ID, link: 30n } as const;

/** Kinds of objects that have ids and can be pinned. */
export type ObjectKind = Exclude<keyof typeof GET_NEXT_ID, "btf">;

/** Opens the object that is pinned at a path, of any kind. Needs Linux >= 4.4. */
export function openPath(path: string): number {
  const name = cString(path);
  const attr = alloc(16);
  new DataView(attr.buffer).setBigUint64(0, runtime.addressOf(name), true);
  const fd = submit(BPF_OBJ_GET, attr);
  void name.length; // alive until the kernel has read it
  return fd;
}

/**
 * Pins the object of a descriptor at a path in a bpf file system. Needs Linux >= 4.4, for links
 * 5.7.
 */
export function pinAt(fd: number, path: string): number {
  const name = cString(path);
  const attr = alloc(16);
  const view = new DataView(attr.buffer);
  view.setBigUint64(0, runtime.addressOf(name), true);
  view.setUint32(8, fd, true);
  const result = submit(BPF_OBJ_PIN, attr);
  void name.length;
  return result;
}

/** The lowest id above `id`. Needs Linux >= 4.13, for BTF 5.0, for links 5.8. */
export function nextId(kind: ObjectKind | "btf", id: number): number {
  const attr = words(id);
  const result = submit(GET_NEXT_ID[kind], attr);
  return result < 0 ? result : new Uint32Array(attr.buffer)[1]!;
}

/** Opens an object by its id. Needs Linux >= 4.13, for BTF 4.18, for links 5.8. */
export function openId(kind: ObjectKind | "btf", id: number): number {
  return submit(GET_FD_BY_ID[kind], words(id));
}

/**
 * Fills `info` with the kernel's information on an object; bytes that the kernel does not know stay
 * as they are.
 */
export function readInfo(fd: number, info: Uint8Array<ArrayBuffer>): number {
  const attr = words(fd, info.length);
  new DataView(attr.buffer).setBigUint64(8, runtime.addressOf(info), true);
  const result = submit(BPF_OBJ_GET_INFO_BY_FD, attr);
  void info.length;
  return result;
}

/** Forbids this and other processes to write a map. Needs Linux >= 5.2. */
export const freezeMap = (fd: number): number => submit(BPF_MAP_FREEZE, words(fd));

/** Detaches a link, whoever holds it. Needs Linux >= 5.9. */
export const detachLink = (fd: number): number => submit(BPF_LINK_DETACH, words(fd));

/**
 * Makes the kernel count runs and run time of programs for as long as the descriptor is open. Needs
 * Linux >= 5.8.
 */
export const enableStats = (): number => submit(BPF_ENABLE_STATS, words(0));

/** One run of a program by BPF_PROG_TEST_RUN. */
export interface TestRun {
  readonly program: number;
  readonly data?: Uint8Array<ArrayBuffer> | undefined;
  readonly dataOut?: Uint8Array<ArrayBuffer> | undefined;
  readonly context?: Uint8Array<ArrayBuffer> | undefined;
  readonly contextOut?: Uint8Array<ArrayBuffer> | undefined;
  readonly repeat: number;
  readonly flags: number;
  readonly cpu: number;
}

/** The result of a run; the sizes say how many bytes of the buffers were written. */
export interface TestRunResult {
  readonly returned: number;
  readonly dataSize: number;
  readonly contextSize: number;
  readonly durationNs: number;
}

/** Runs a program by BPF_PROG_TEST_RUN; -errno when the kernel refuses. Needs Linux >= 4.12. */
export function testRun(run: TestRun): TestRunResult | number {
  const attr = alloc(80);
  const view = new DataView(attr.buffer);
  const buffers = [[run.data, 8, 16], [run.dataOut, 12, 24], [run.context, 40, 48]] as const;
  for (const [buffer, sizeAt, addressAt] of [...buffers, [run.contextOut, 44, 56] as const]) {
    if (!buffer?.length) continue; // Bun has no address for an empty one
    view.setUint32(sizeAt, buffer.length, true);
    view.setBigUint64(addressAt, runtime.addressOf(buffer), true);
  }
  view.setUint32(0, run.program, true);
  view.setUint32(32, run.repeat, true);
  view.setUint32(64, run.flags, true);
  view.setUint32(68, run.cpu, true);
  const result = submit(BPF_PROG_TEST_RUN, attr);
  void [run.data?.length, run.dataOut?.length, run.context?.length, run.contextOut?.length];
  if (result < 0) return result;
  return {
    returned: view.getUint32(4, true),
    dataSize: view.getUint32(12, true),
    contextSize: view.getUint32(44, true),
    durationNs: view.getUint32(36, true),
  };
}

function words(...values: number[]): Uint8Array<ArrayBuffer> {
  const attr = alloc(16);
  new Uint32Array(attr.buffer).set(values);
  return attr;
}
