/**
 * The C library: system calls that neither runtime offers, each with its C declaration.
 *
 * Fallible functions here throw {@linkcode ErrnoError}; the raw symbols are `libc()`.
 *
 * @module
 */

import { TsBccError } from "../error/ts_bcc_error.ts";
import { errnoName, otherErrnoText } from "./errno.ts";
import { alloc, bufferText, cString, textAt } from "./memory.ts";
import { runtime, type Symbols, type SymbolTable } from "../runtime/runtime.ts";

const TABLE = {
  // int *__errno_location(void);
  __errno_location: { parameters: [], result: "pointer" },
  // char *strerror(int errnum);
  strerror: { parameters: ["i32"], result: "pointer" },
  // int vsnprintf(char *str, size_t size, const char *format, va_list ap);
  vsnprintf: { parameters: ["buffer", "usize", "pointer", "pointer"], result: "i32" },

  // int open(const char *pathname, int flags, mode_t mode);
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // int fcntl(int fd, int op, ... /* arg */ );
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count);
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // ssize_t pread64(int fd, void *buf, size_t count, off64_t offset);
  pread64: { parameters: ["i32", "buffer", "usize", "i64"], result: "i64" },
  // ssize_t write(int fd, const void *buf, size_t count);
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // int unlink(const char *pathname);
  unlink: { parameters: ["buffer"], result: "i32" },
  // int mkdir(const char *pathname, mode_t mode);
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  // int rmdir(const char *pathname);
  rmdir: { parameters: ["buffer"], result: "i32" },
  // ssize_t readlink(const char *path, char *buf, size_t bufsiz);
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "i64" },
  // int name_to_handle_at(int dirfd, const char *pathname, struct file_handle *handle, int *mount_id,
  //   int flags);
  name_to_handle_at: { parameters: ["i32", "buffer", "buffer", "buffer", "i32"], result: "i32" },
  // int open_by_handle_at(int mount_fd, struct file_handle *handle, int flags);
  open_by_handle_at: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // int fstatfs(int fd, struct statfs *buf);
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  // int memfd_create(const char *name, unsigned int flags);  glibc 2.27
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },

  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  // int getpagesize(void);
  getpagesize: { parameters: [], result: "i32" },
  // int munmap(void *addr, size_t length);
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  // ssize_t process_vm_readv(pid_t pid, const struct iovec *local_iov, unsigned long liovcnt,
  //   const struct iovec *remote_iov, unsigned long riovcnt, unsigned long flags);
  process_vm_readv: {
    parameters: ["i32", "buffer", "u64", "buffer", "u64", "u64"],
    result: "i64",
  },

  // int epoll_create1(int flags);
  epoll_create1: { parameters: ["i32"], result: "i32" },
  // int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  // int eventfd(unsigned int initval, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },

  // int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact);
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },

  // unsigned long getauxval(unsigned long type);  glibc 2.16
  getauxval: { parameters: ["u64"], result: "u64" },
  // int unsetenv(const char *name);
  unsetenv: { parameters: ["buffer"], result: "i32" },

  // int clock_gettime(clockid_t clockid, struct timespec *tp);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },

  // long syscall(long number, ...);  here always with six arguments
  syscall: {
    parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"],
    result: "i64",
  },
} as const satisfies SymbolTable;

/** Dynamic loading: in libc.so.6 since glibc 2.34, in libdl.so.2 before. */
const LOADER_TABLE = {
  // void *dlopen(const char *filename, int flags);
  dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  // void *dlsym(void *handle, const char *symbol);
  dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
  // int dlinfo(void *handle, int request, void *info);
  dlinfo: { parameters: ["pointer", "i32", "buffer"], result: "i32" },
  // char *dlerror(void);
  dlerror: { parameters: [], result: "pointer" },
} as const satisfies SymbolTable;

let symbols: Symbols<typeof TABLE> | undefined;
let loaderSymbols: Symbols<typeof LOADER_TABLE> | undefined;
let errnoCell: Int32Array | undefined;

/** The C library's symbols, opened at the first call. */
export function libc(): Symbols<typeof TABLE> {
  if (symbols) return symbols;
  try {
    return symbols = runtime.open("libc.so.6", TABLE);
  } catch (cause) {
    // Deno's own words for a missing --allow-ffi are the better ones.
    if (cause instanceof Error && cause.name === "NotCapable") throw cause;
    const reason = addressSpaceLimit() ?? "ts-bcc needs a Linux system with glibc 2.27 or later";
    throw new Error(`Cannot open libc.so.6: ${reason}`, { cause });
  }
}

/** Whether it is for want of address space that the runtime cannot call C, in words. */
function addressSpaceLimit(): string | undefined {
  let limits: string;
  try {
    // Nothing of C can be called here.
    limits = process.getBuiltinModule("node:fs").readFileSync("/proc/self/limits", "utf8");
  } catch {
    return undefined;
  }
  const bytes = /^Max address space +(\d+) /m.exec(limits)?.[1];
  if (bytes === undefined) return undefined;
  return `this process may use ${Math.floor(Number(bytes) / 2 ** 20)} MiB of address space, of ` +
    "which the runtime reserves gigabytes: raise the limit (ulimit -v unlimited)";
}

/** The dynamic loader's own functions. */
export function loader(): Symbols<typeof LOADER_TABLE> {
  if (loaderSymbols) return loaderSymbols;
  try {
    return loaderSymbols = runtime.open("libc.so.6", LOADER_TABLE);
  } catch {
    return loaderSymbols = runtime.open("libdl.so.2", LOADER_TABLE);
  }
}

/**
 * This thread's errno. Read it right after the call that set it; a call on another thread (the
 * epoll waiter) has an errno of its own.
 */
export function errno(): number {
  errnoCell ??= new Int32Array(runtime.view(libc().__errno_location(), 4));
  return errnoCell[0]!;
}

/** What an errno means: `errnoText(2)` is "No such file or directory". */
export function errnoText(errno: number): string {
  return otherErrnoText(errno) ?? textAt(libc().strerror(errno));
}

/** A system call that failed; `code` is the errno's name. */
export class ErrnoError extends TsBccError {
  /** The name of the class. */
  override name = "ErrnoError";
  /** The number the kernel gives the cause: 2. */
  readonly errno: number;
  /** The name of that number: `ENOENT`. */
  readonly code: string;
  /** The cause, where it is known better than from errno. */
  readonly reason: string | undefined;

  /** `action` continues the sentence "Cannot …"; `reason` is the likely cause. */
  constructor(action: string, errno: number, reason?: string) {
    const message = `Cannot ${action}: ${errnoText(errno)} (${errnoName(errno)})`;
    super(message + (reason === undefined ? "" : `: ${reason}`));
    this.errno = errno;
    this.reason = reason;
    this.code = errnoName(errno);
  }

  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "system" {
    return "system";
  }
}

/** Passes a non-negative result on. @throws {ErrnoError} with errno for a negative one. */
function checked(result: number | bigint, action: string): number {
  if (result < 0) throw new ErrnoError(action, errno());
  return Number(result);
}

/** Flags of open(2) and friends that this project passes (include/uapi/asm-generic/fcntl.h). */
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
/** The place in the file tree only: neither reads nor waits. */
export const O_PATH = 0o10000000;

/** Protection and flags of mmap(2). */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_ANONYMOUS = 32;

const MFD_CLOEXEC = 1;
const PATH_MAX = 4096;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** Opens a file and returns its descriptor; the caller closes it. */
export function open(path: string, flags: number): number {
  return checked(libc().open(cString(path), flags | O_CLOEXEC, 0), `open "${path}"`);
}

/** CLOCK_MONOTONIC: what `bpf_ktime_get_ns` tells too. */
export const CLOCK_MONOTONIC = 1;

const timespec = new BigInt64Array(new ArrayBuffer(16));
const timespecBytes = new Uint8Array(timespec.buffer);

/** The time on the monotonic clock, in nanoseconds since boot; exact until 104 days of uptime. */
export function monotonicTime(): number {
  libc().clock_gettime(CLOCK_MONOTONIC, timespecBytes);
  return Number(timespec[0]! * 1_000_000_000n + timespec[1]!);
}

/** Closes a descriptor; a second close of the same number would hit somebody else's file. */
export function close(fd: number): void {
  libc().close(fd);
}

const F_DUPFD_CLOEXEC = 1030;

/** A second descriptor of the same open file; the caller closes it. */
export function duplicate(fd: number): number {
  return checked(libc().fcntl(fd, F_DUPFD_CLOEXEC, 0), `duplicate file descriptor ${fd}`);
}

const F_GETFL = 3;

/** Whether reads and writes fail instead of waiting. */
export function isNonblocking(fd: number): boolean {
  const flags = checked(libc().fcntl(fd, F_GETFL, 0), `look at file descriptor ${fd}`);
  return (flags & O_NONBLOCK) !== 0;
}

/**
 * Whether the path exists for this process. Opened and not asked for by access(2), which judges by
 * the real user and so without the capabilities of a process that is not root.
 */
export function exists(path: string): boolean {
  const fd = libc().open(cString(path), O_PATH | O_CLOEXEC, 0);
  if (fd < 0) return false;
  close(fd);
  return true;
}

/** Reads a whole file by its path; unlike the runtimes' file APIs it reads /proc and /sys unasked. */
export function readFile(path: string): Uint8Array<ArrayBuffer> {
  const fd = open(path, O_RDONLY);
  try {
    return readAll(fd, `"${path}"`);
  } finally {
    close(fd);
  }
}

/** Reads an open file to its end. @throws {ErrnoError} naming `what` */
export function readAll(fd: number, what: string): Uint8Array<ArrayBuffer> {
  let buffer = alloc(4096);
  for (let length = 0;;) {
    const rest = buffer.subarray(length);
    const count = checked(libc().read(fd, rest, BigInt(rest.length)), `read ${what}`);
    if (count === 0) return buffer.slice(0, length);
    length += count;
    if (length === buffer.length) {
      const larger = alloc(buffer.length * 2);
      larger.set(buffer);
      buffer = larger;
    }
  }
}

/** Where a symbolic link leads. */
export function readLink(path: string): string {
  const buffer = alloc(PATH_MAX);
  const length = libc().readlink(cString(path), buffer, BigInt(buffer.length));
  return bufferText(buffer.subarray(0, checked(Number(length), `read the link "${path}"`)));
}

/** Reads a whole file as text. */
export function readText(path: string): string {
  return bufferText(readFile(path));
}

/** Writes a text to a file of the kernel's in one call, behind what it has. @throws {ErrnoError} */
export function writeText(path: string, text: string): void {
  const fd = open(path, O_WRONLY | O_APPEND);
  try {
    const bytes = cString(text);
    checked(libc().write(fd, bytes, BigInt(bytes.length - 1)), `write to "${path}"`);
  } finally {
    close(fd);
  }
}

/** Makes a folder. @throws {ErrnoError} */
export function makeFolder(path: string): void {
  checked(libc().mkdir(cString(path), 0o700), `make the folder "${path}"`);
}

/** Removes a folder that is empty, or that the kernel clears away. @throws {ErrnoError} */
export function removeFolder(path: string): void {
  checked(libc().rmdir(cString(path)), `remove the folder "${path}"`);
}

/** Makes an anonymous in-memory file with these bytes; the caller closes it. */
export function memfd(name: string, bytes: Uint8Array): number {
  const fd = checked(libc().memfd_create(cString(name), MFD_CLOEXEC), "create a memory file");
  const source = bytes as Uint8Array<ArrayBuffer>;
  try {
    for (let done = 0; done < source.length;) {
      const rest = source.subarray(done);
      done += checked(libc().write(fd, rest, BigInt(rest.length)), "write a memory file");
    }
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Bytes of a page: 4096 on x86-64, up to 65536 on arm64. */
export function pageSize(): number {
  return pageBytes ||= libc().getpagesize();
}

let pageBytes = 0;

/** Memory mapped into this process, seen as one ArrayBuffer. */
export interface Mapping extends Disposable {
  readonly buffer: ArrayBuffer;
  readonly address: bigint;
  /** Unmaps; idempotent. Views over the buffer have length 0 afterwards and throw, never crash. */
  close(): void;
}

/** Maps `length` bytes: mmap(2). @throws {ErrnoError} naming `what`. */
export function map(
  what: string,
  length: number,
  protection: number,
  flags: number,
  fd = -1,
  offset = 0,
): Mapping {
  const address = libc().mmap(0n, BigInt(length), protection, flags, fd, BigInt(offset));
  if (BigInt.asUintN(64, address) === MAP_FAILED) throw new ErrnoError(`map ${what}`, errno());
  let buffer = runtime.view(address, length);
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    // A detached buffer makes every view over it empty: reading one then throws where reading
    // unmapped memory would kill the process.
    buffer.transfer(0);
    buffer = new ArrayBuffer(0);
    libc().munmap(address, BigInt(length));
  };
  return {
    get buffer() {
      return buffer;
    },
    address,
    close,
    [Symbol.dispose]: close,
  };
}
