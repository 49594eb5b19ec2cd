/**
 * The hold that keeps a program attached.
 *
 * @module
 */

/** An attached program; closing it detaches the program from its hook. */
export class Link implements Disposable {
  /** What is attached where: `tracepoint syscalls/sys_enter_openat`. */
  readonly description: string;
  #release: (() => void) | undefined;

  /** Made by the attach functions. */
  constructor(description: string, release: () => void) {
    this.description = description;
    this.#release = release;
  }

  /** Detaches; idempotent. */
  close(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
