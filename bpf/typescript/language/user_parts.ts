/**
 * Functions of user space that `ts-bcc run` calls before, while and after programs run.
 *
 * @module
 */

/** A function of user space, and when it is called. */
export interface UserPart<B> {
  /** Before programs are attached, every so many seconds, or after they were detached. */
  readonly when: "begin" | "interval" | "end";
  /** The period of an interval. */
  readonly seconds?: number;
  /** The function; it gets the loaded object with its maps, globals and events. */
  readonly run: (bpf: B) => unknown;
}

/** Called by `ts-bcc run` once, when programs are loaded and not attached yet. It may wait. */
export function begin<B>(run: (bpf: B) => unknown): UserPart<B> {
  return { when: "begin", run };
}

/**
 * Called by `ts-bcc run` every so many seconds while programs run. It may wait.
 *
 * @throws {RangeError} for less than a millisecond, or more than a timer holds
 */
export function interval<B>(seconds: number, run: (bpf: B) => unknown): UserPart<B> {
  if (!(seconds >= 0.001 && seconds <= 2_147_483)) {
    throw new RangeError(
      `Cannot call a function every ${seconds} seconds: expected 0.001 to 2147483`,
    );
  }
  return { when: "interval", seconds, run };
}

/** Called by `ts-bcc run` once, when programs do not run any more, before maps are shown. It may wait. */
export function end<B>(run: (bpf: B) => unknown): UserPart<B> {
  return { when: "end", run };
}
