/**
 * Opening files in two steps: a path becomes an O_PATH descriptor, and only after its type was checked it is
 * opened. The first step does not become the reader of a FIFO, and does not activate a device.
 *
 * @module
 */

import { Errno } from "./errno.ts";
import { ErrnoError } from "./errno_error.ts";
import { close, O_CLOEXEC, O_NOCTTY, O_NONBLOCK, O_PATH, O_RDONLY } from "./files.ts";
import { errno, libc } from "./libc.ts";
import { alloc, cString } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";
import { syscallNumberHere } from "./syscall_numbers.ts";

const SYS_statx = syscallNumberHere("statx");
const SYS_openat2 = 437n;

/** Of these, arm64 numbers O_NOFOLLOW by itself. */
export const NOFOLLOW = { x64: 0o400000, arm64: 0o100000 } as const;
const O_NOFOLLOW = NOFOLLOW[process.arch === "arm64" ? "arm64" : "x64"];
const RESOLVE_IN_ROOT = 0x10n;

const AT_EMPTY_PATH = 0x1000n;
const STATX_BASIC_STATS = 0x7ffn;
const STATX_SIZE = 256;
const S_IFMT = 0o170000;

/** Names of the kinds of files, by the S_IFMT bits of a mode. */
const KINDS: Readonly<Record<number, FileKind>> = {
  0o010000: "FIFO",
  0o020000: "character device",
  0o040000: "directory",
  0o060000: "block device",
  0o100000: "regular file",
  0o120000: "symbolic link",
  0o140000: "socket",
};

/** What kind of file a path leads to. */
export type FileKind =
  | "FIFO"
  | "character device"
  | "directory"
  | "block device"
  | "regular file"
  | "symbolic link"
  | "socket"
  | "file of an unknown kind";

/** What statx(2) tells of a file. */
export interface FileStatus {
  readonly kind: FileKind;
  readonly size: number;
  /** The user id of its owner. */
  readonly owner: number;
  /** The number of its hard links. */
  readonly links: number;
  /** As /proc/PID/maps has it: `fe:01`. */
  readonly device: string;
  readonly inode: bigint;
  /** When its bytes were changed last: milliseconds since 1970. */
  readonly changedAt: number;
}

/** Finds a file without opening it; the caller closes the descriptor. @throws {ErrnoError} */
export function findPath(path: string, follow: boolean): number {
  const flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
  return checked(libc().open(cString(path), flags, 0), path);
}

/**
 * Finds a file below another root directory, which no symbolic link leaves, absolute or not:
 * openat2(2).
 *
 * Undefined when the kernel (before 5.6) or a sandbox has no such call.
 */
export function findBelow(root: number, path: string, follow: boolean): number | undefined {
  const flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
  // struct open_how { u64 flags; u64 mode; u64 resolve; }
  const how = new BigUint64Array(new ArrayBuffer(24));
  how.set([BigInt(flags), 0n, RESOLVE_IN_ROOT]);
  const name = cString(path);
  const howBytes = new Uint8Array(how.buffer);
  const addresses = [runtime.addressOf(name), runtime.addressOf(howBytes)] as const;
  const fd = libc().syscall(SYS_openat2, BigInt(root), addresses[0], addresses[1], 24n, 0n, 0n);
  const error = fd < 0n ? errno() : 0;
  void [name.length, howBytes.length]; // alive until the kernel has read them
  if (error === Errno.ENOSYS || error === Errno.EPERM) return undefined;
  if (error !== 0) throw new ErrnoError(`open "${path}"`, error);
  return Number(fd);
}

/** Opens the file of a descriptor of {@linkcode findPath} for reading. @throws {ErrnoError} */
export function openFound(fd: number, path: string): number {
  const flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  return checked(libc().open(cString(`/proc/self/fd/${fd}`), flags, 0), path);
}

/** The status of the file of a descriptor. @throws {ErrnoError} naming `path` */
export function statusOf(fd: number, path: string): FileStatus {
  const bytes = alloc(STATX_SIZE);
  const empty = cString("");
  const [name, buffer] = [runtime.addressOf(empty), runtime.addressOf(bytes)];
  const mask = STATX_BASIC_STATS;
  const result = libc().syscall(SYS_statx, BigInt(fd), name, AT_EMPTY_PATH, mask, buffer, 0n);
  if (result < 0n) throw new ErrnoError(`look at "${path}"`, errno());
  void [empty.length, bytes.length];
  // struct statx of include/uapi/linux/stat.h
  const view = new DataView(bytes.buffer);
  const twoDigits = (at: number) => view.getUint32(at, true).toString(16).padStart(2, "0");
  return {
    links: view.getUint32(16, true),
    owner: view.getUint32(20, true),
    kind: KINDS[view.getUint16(28, true) & S_IFMT] ?? "file of an unknown kind",
    inode: view.getBigUint64(32, true),
    size: Number(view.getBigUint64(40, true)),
    changedAt: Number(view.getBigInt64(112, true)) * 1000 + view.getUint32(120, true) / 1e6,
    device: `${twoDigits(136)}:${twoDigits(140)}`,
  };
}

/** Reads into a buffer from an offset of a file; less at its end. @throws {ErrnoError} */
export function readAt(fd: number, buffer: Uint8Array<ArrayBuffer>, offset: number, path: string) {
  let done = 0;
  while (done < buffer.length) {
    const rest = buffer.subarray(done);
    const count = libc().pread64(fd, rest, BigInt(rest.length), BigInt(offset + done));
    if (count < 0n) throw new ErrnoError(`read "${path}"`, errno());
    if (count === 0n) break;
    done += Number(count);
  }
  return done;
}

/** Closes the descriptor after its use. */
export function usingDescriptor<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    close(fd);
  }
}

function checked(fd: number, path: string): number {
  if (fd < 0) throw new ErrnoError(`open "${path}"`, errno());
  return fd;
}
