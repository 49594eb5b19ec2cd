/**
 * Non-blocking writes to a descriptor that may be in blocking mode, such as standard output.
 *
 * @module
 */

import { Errno } from "./errno.ts";
import { ErrnoError } from "./errno_error.ts";
import {
  close,
  isNonblocking,
  linkOf,
  O_CLOEXEC,
  O_NOCTTY,
  O_NONBLOCK,
  O_WRONLY,
} from "./files.ts";
import { errno, libc } from "./libc.ts";
import { cString } from "./memory.ts";

const SEEK_CUR = 1;
const [MSG_DONTWAIT, MSG_NOSIGNAL] = [0x40, 0x4000];

/**
 * Writes as much as fits without blocking. O_NONBLOCK belongs to the open file description, which other
 * processes may share, so it is not set here: pipes and terminals are reopened through /proc/self/fd, and sockets get
 * MSG_DONTWAIT with each call. Regular files never block, and reopening one would write from its beginning.
 */
export class PromptWriter implements Disposable {
  /** What is written to; {@linkcode whenReady} tells when there is room. */
  readonly fd: number;
  readonly #owned: boolean;
  readonly #isSocket: boolean;

  private constructor(fd: number, owned: boolean, isSocket: boolean) {
    this.fd = fd;
    this.#owned = owned;
    this.#isSocket = isSocket;
  }

  /** Makes the writer; undefined where /proc, which pipes and terminals need, is missing. */
  static open(fd: number): PromptWriter | undefined {
    if (isNonblocking(fd) || libc().lseek(fd, 0n, SEEK_CUR) >= 0n) {
      return new PromptWriter(fd, false, false);
    }
    if (linkOf(fd)?.startsWith("socket:")) return new PromptWriter(fd, false, true);
    const path = cString(`/proc/self/fd/${fd}`);
    const opened = libc().open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    return opened < 0 ? undefined : new PromptWriter(opened, true, false);
  }

  /** Returns how many bytes there was room for, perhaps none. @throws {ErrnoError} EPIPE when nobody reads any more */
  write(bytes: Uint8Array<ArrayBuffer>): number {
    const { fd } = this;
    const length = BigInt(bytes.length);
    const written = this.#isSocket
      ? libc().send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL)
      : libc().write(fd, bytes, length);
    if (written >= 0n) return Number(written);
    const failure = errno();
    if (failure === Errno.EAGAIN || failure === Errno.EINTR) return 0;
    throw new ErrnoError(`write to file descriptor ${fd}`, failure);
  }

  /** Closes the descriptor if it was reopened here. */
  [Symbol.dispose](): void {
    if (this.#owned) close(this.fd);
  }
}
