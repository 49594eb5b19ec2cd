/**
 * Names for the stacks and addresses that single events carry.
 *
 * @module
 */

import { formatSymbol, KernelSymbols, UnsupportedError, UserSymbols } from "../../mod.ts";
import { TRACING } from "./stacks.ts";
import type { Who } from "../task/who.ts";

/** An event with stacks as `bpf_get_stack` gives them: addresses, and their bytes or -errno. */
export interface StackEvent {
  readonly who: Who;
  readonly ns: number;
  readonly kernel?: readonly bigint[];
  readonly kernel_size: number;
  readonly user?: readonly bigint[];
  readonly user_size: number;
}

const ADDRESS_BYTES = 8;
const INDENT = " ".repeat(8);

/** Names addresses of the kernel and of processes, also those that ended. */
export class EventStacks implements Disposable {
  readonly #user = new UserSymbols();
  #kernel: KernelSymbols | undefined | null;

  /** Learns of processes from now on; without it only those are known that are there when asked. */
  follow(pid: number | undefined): void {
    this.#user.follow(pid === undefined ? {} : { pids: [pid] });
  }

  /** `vfs_read+0x1c` */
  kernelName(address: bigint): string {
    if (this.#kernel === undefined) this.#kernel = kernelSymbols();
    return formatSymbol(this.#kernel?.resolve(address), address, { offset: true });
  }

  /** `inner_nap+0x1a [stacks]`, as it was when the event came. */
  userName(address: bigint, { who, ns }: StackEvent): string {
    const symbol = this.#user.resolve(who.pid, address, ns);
    return formatSymbol(symbol, address, { offset: true, module: true });
  }

  /** The frames of the kernel's stack, innermost first, without those of the tracing itself. */
  kernelFrames({ kernel = [], kernel_size: size }: StackEvent): Frame[] {
    const frames = used(kernel, size).map((address) => {
      const name = this.kernelName(address);
      return { address, name: name.startsWith("0x") ? name : `${name} [kernel]` };
    });
    const own = frames.findIndex(({ name }) => !TRACING.test(name));
    return frames.slice(Math.max(own, 0));
  }

  /** The frames of the process's stack, innermost first. */
  userFrames(event: StackEvent): Frame[] {
    return used(event.user ?? [], event.user_size)
      .map((address) => ({ address, name: this.userName(address, event) }));
  }

  /** Both stacks as bcc prints them; one that could not be had as its errno. */
  lines(event: StackEvent, addresses: boolean): string[] {
    const line = ({ address, name }: Frame) =>
      `${INDENT}${addresses ? `${address.toString(16).padStart(16)} ` : ""}${name}`;
    const stack = (frames: Frame[], size: number) =>
      size < 0 ? [`${INDENT}${size}`] : frames.map(line);
    return [
      ...event.kernel ? stack(this.kernelFrames(event), event.kernel_size) : [],
      ...event.user ? stack(this.userFrames(event), event.user_size) : [],
    ];
  }

  [Symbol.dispose](): void {
    this.#user.close();
  }
}

/** One call of a stack. */
export interface Frame {
  readonly address: bigint;
  readonly name: string;
}

const used = (addresses: readonly bigint[], size: number) =>
  addresses.slice(0, Math.max(size, 0) / ADDRESS_BYTES);

/** The kernel's symbols; null where it hides them, and then addresses are shown. */
function kernelSymbols(): KernelSymbols | null {
  try {
    return new KernelSymbols();
  } catch (error) {
    if (error instanceof UnsupportedError) return null;
    throw error;
  }
}
