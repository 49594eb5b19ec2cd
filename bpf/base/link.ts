/**
 * Links: a program stays attached as long as its link is open.
 *
 * @module
 */

import { detachLink } from "../../ffi/libc/bpf_objects.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { bufferText } from "../../ffi/libc/memory.ts";
import { runIterator } from "./iterator_output.ts";
import { BpfError, permissionReason } from "./errors.ts";
import { type LinkInfo, linkInfo } from "./link_info.ts";
import { pinDescriptor } from "./pin.ts";

/** Creates a {@linkcode Link}; the constructor is private, so its parameters are no API. */
export let newLink: (
  ...made: [
    description: string,
    release: () => void,
    fd?: number,
    targets?: readonly string[],
    misses?: () => number,
  ]
) => Link;

/** An attached program; closing it detaches the program from its hook. */
export class Link implements Disposable {
  /** What is attached where: `tracepoint syscalls/sys_enter_openat`. */
  readonly description: string;
  /** The descriptor of a link that can be pinned. */
  readonly fd: number | undefined;
  /** The functions or tracepoints that a pattern has matched; empty when it is one hook by its name. */
  readonly targets: readonly string[];
  readonly #misses: (() => number) | undefined;
  #release: (() => void) | undefined;

  /** Made by the attach functions. */
  protected constructor(
    description: string,
    release: () => void,
    fd?: number,
    targets: readonly string[] = [],
    misses?: () => number,
  ) {
    this.description = description;
    this.fd = fd;
    this.targets = targets;
    this.#misses = misses;
    this.#release = release;
  }

  static {
    newLink = (...made) => new Link(...made);
  }

  /**
   * How many hits of the kernel probe were missed, so that the program did not run: because it was
   * hit inside another probe, or because more calls were in flight than a return probe has room
   * for. 0 before Linux 6.7, and for a closed link.
   */
  get misses(): number {
    return this.#release === undefined ? 0 : this.#misses?.() ?? 0;
  }

  /**
   * Keeps the program attached under a name in a bpf file system, also after this link is closed.
   *
   * Raw tracepoints, fentry, LSM, iterators and what {@linkcode Bpf.attach} attaches by section can
   * be pinned; probes on perf events cannot. Needs Linux >= 5.7. @throws {BpfError}
   */
  pin(path: string): void {
    pinDescriptor(this.description, this.#descriptor("pin", "cannot be pinned"), path);
  }

  /**
   * Runs an iterator over all objects of its kind and returns what the program wrote, as text.
   * Needs Linux >= 5.8. @throws {BpfError} for a link that is no iterator
   */
  text(): string {
    return bufferText(this.bytes());
  }

  /** Runs an iterator like {@linkcode Link.text} and returns what `bpf_seq_write` wrote. */
  bytes(): Uint8Array<ArrayBuffer> {
    return runIterator(this.description, this.#descriptor("read", "is no iterator"));
  }

  /**
   * What the kernel reports about it; nothing for perf events. Needs Linux >= 5.8. @throws
   * {BpfError}
   */
  get info(): LinkInfo {
    return linkInfo(this.description, this.#descriptor("ask about", "has no description"));
  }

  /**
   * Detaches the program even if others hold or have pinned the link. Works for links of cgroups,
   * interfaces and network namespaces; other links detach when their last holder closes them. Needs
   * Linux >= 5.9.
   *
   * @throws {BpfError} EOPNOTSUPP for a link that cannot
   */
  detach(): void {
    const result = detachLink(this.#descriptor("detach", "goes when it is closed"));
    if (result === 0) return;
    throw new BpfError("detach", `detach ${this.description}`, -result, explainDetach(-result));
  }

  /** Detaches; idempotent. */
  close(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  /** Detaches at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #descriptor(verb: string, without: string): number {
    if (this.#release === undefined) {
      throw new TypeError(`Cannot ${verb} ${this.description}: it is closed`);
    }
    if (this.fd !== undefined) return this.fd;
    throw new TypeError(`Cannot ${verb} ${this.description}: this kind of link ${without}`);
  }
}

function explainDetach(errno: number): string | undefined {
  if (errno === Errno.EOPNOTSUPP) return "this kind of link goes when its last holder closes it";
  return errno === Errno.EPERM || errno === Errno.EACCES ? permissionReason() : undefined;
}
