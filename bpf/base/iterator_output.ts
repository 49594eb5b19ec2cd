/**
 * Running iterators: programs that the kernel calls for each task, map, socket …, and whose output
 * is read as a file.
 *
 * @module
 */

import { createIterator } from "../../ffi/libc/bpf_syscall.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, readAll } from "../../ffi/libc/files.ts";
import { BpfError } from "./errors.ts";

/** Runs the iterator of a link once; returns the bytes it wrote. @throws {BpfError} */
export function runIterator(description: string, link: number): Uint8Array<ArrayBuffer> {
  const fd = createIterator(link);
  if (fd < 0) throw iterationError(description, -fd);
  try {
    return readAll(fd, description);
  } catch (error) {
    if (error instanceof ErrnoError) throw iterationError(description, error.errno);
    throw error;
  } finally {
    close(fd);
  }
}

function iterationError(description: string, errno: number): BpfError {
  const reason = errno === Errno.EINVAL
    ? "it is no iterator"
    : errno === Errno.E2BIG
    ? "what the program writes for one object exceeds the kernel's buffer of eight pages"
    : undefined;
  return new BpfError("read", `read ${description}`, errno, reason);
}
