/**
 * The C library: functions that neither runtime offers, each with its C declaration.
 *
 * These are the raw symbols; what throws instead of setting errno is in `files.ts`, `mmap.ts` and others.
 *
 * @module
 */

import { otherErrnoText } from "./errno.ts";
import { textAt } from "./memory.ts";
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
  // off64_t lseek64(int fd, off64_t offset, int whence);  the same as lseek on 64-bit machines
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // ssize_t send(int sockfd, const void *buf, size_t len, int flags);
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i64" },
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
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  // int isatty(int fd);
  isatty: { parameters: ["i32"], result: "i32" },

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
    // Deno's own message for a missing --allow-ffi is the better one.
    if (cause instanceof Error && cause.name === "NotCapable") throw cause;
    const reason = addressSpaceLimit() ?? "ts-bcc needs a Linux system with glibc 2.27 or later";
    throw new Error(`Cannot open libc.so.6: ${reason}`, { cause });
  }
}

/**
 * The message if the runtime cannot call C because address space is limited; undefined otherwise.
 */
function addressSpaceLimit(): string | undefined {
  let limits: string;
  try {
    // Read by node:fs, because no C function can be called here.
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
