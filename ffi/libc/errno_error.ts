/**
 * The error of a system call that failed.
 *
 * @module
 */

import { TsBccError } from "../error/ts_bcc_error.ts";
import { errnoName } from "./errno.ts";
import { errno, errnoText } from "./libc.ts";

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
export function checked(result: number | bigint, action: string): number {
  if (result < 0) throw new ErrnoError(action, errno());
  return Number(result);
}
