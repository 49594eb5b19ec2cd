/**
 * Reading files that the user names, by the C library: regular files, and pipes such as `<(zcat FILE)`. It does
 * not wait for a FIFO that nobody writes, and has a limit where a file has no end.
 *
 * @module
 */

import { Errno } from "./errno.ts";
import { ErrnoError } from "./errno_error.ts";
import { close, O_CLOEXEC, O_NONBLOCK, O_RDONLY } from "./files.ts";
import { errno, libc } from "./libc.ts";
import { alloc, cString } from "./memory.ts";
import { findPath, statusOf, usingDescriptor } from "./open_path.ts";

const O_NOCTTY = 0o400;
/** How long the writer of a pipe may write nothing, and the interval of attempts to read. */
const PATIENCE_MS = 10_000;
const TURN_MS = 10;
const MAX_SIZE = 2 ** 30;
const PIECE = 2 ** 16;

/** Reads a whole file. @throws {ErrnoError} */
export function readNamedFile(
  path: string,
  options: { readonly maxSize?: number; readonly patienceMs?: number } = {},
): Uint8Array<ArrayBuffer> {
  const { maxSize = MAX_SIZE, patienceMs = PATIENCE_MS } = options;
  const action = `read ${JSON.stringify(path)}`;
  const fail = (errno: number, reason?: string) => new ErrnoError(action, errno, reason);
  // Looked at before it is opened: opening a device may do something.
  const { kind, size } = usingDescriptor(findPath(path, true), (fd) => statusOf(fd, path));
  if (kind !== "regular file" && kind !== "FIFO") {
    const errno = kind === "directory" ? Errno.EISDIR : Errno.EINVAL;
    throw fail(errno, `it is a ${kind}: name a file`);
  }
  const tooLarge = () => fail(Errno.EFBIG, `no more than ${maxSize} bytes are read`);
  if (size > maxSize) throw tooLarge();
  const flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const fd = libc().open(cString(path), flags, 0);
  if (fd < 0) throw fail(errno());
  try {
    const pieces: Uint8Array[] = [];
    for (let length = 0, waited = 0;;) {
      const piece = alloc(PIECE);
      const count = Number(libc().read(fd, piece, BigInt(PIECE)));
      const failure = count < 0 ? errno() : 0;
      if (count > 0) {
        pieces.push(piece.subarray(0, count));
        if ((length += count) > maxSize) throw tooLarge();
        waited = 0;
      } else if (failure === Errno.EAGAIN && waited < patienceMs) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TURN_MS);
        waited += TURN_MS;
      } else if (count === 0) {
        if (kind === "FIFO" && length === 0) throw fail(Errno.EPIPE, "nobody writes this FIFO");
        return joined(pieces, length);
      } else if (failure !== Errno.EINTR) {
        throw fail(failure, failure === Errno.EAGAIN ? "its writer writes nothing" : undefined);
      }
    }
  } finally {
    close(fd);
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = alloc(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
