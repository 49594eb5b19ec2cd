/**
 * The hold that keeps a program attached.
 *
 * @module
 */

import { pinDescriptor } from "./pin.ts";

/** An attached program; closing it detaches the program from its hook. */
export class Link implements Disposable {
  /** What is attached where: `tracepoint syscalls/sys_enter_openat`. */
  readonly description: string;
  /** The descriptor of a link that can be pinned. */
  readonly fd: number | undefined;
  #release: (() => void) | undefined;

  /** Made by the attach functions. */
  constructor(description: string, release: () => void, fd?: number) {
    this.description = description;
    this.fd = fd;
    this.#release = release;
  }

  /**
   * Keeps the program attached under a name in a bpf file system, also after this link is closed.
   *
   * Raw tracepoints, fentry, LSM, iterators and what {@linkcode Bpf.attach} attaches by section can
   * be pinned; probes on perf events cannot. Needs Linux >= 5.7. @throws {BpfError}
   */
  pin(path: string): void {
    if (this.#release === undefined) {
      throw new TypeError(`Cannot pin ${this.description}: it is closed`);
    }
    if (this.fd === undefined) {
      throw new TypeError(`Cannot pin ${this.description}: this kind of link cannot be pinned`);
    }
    pinDescriptor(this.description, this.fd, path);
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
