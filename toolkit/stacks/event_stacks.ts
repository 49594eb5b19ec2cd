/**
 * Symbolizes stacks and addresses that single events carry.
 *
 * @module
 */

import { formatSymbol, type ResolvedSymbol, UserSymbols } from "../../mod.ts";
import type { BorrowedWalk } from "./borrowed_walk.ts";
import { KernelNames } from "./kernel_names.ts";
import { TRACING } from "./kept_stacks.ts";
import { isInterpreted } from "./interpreted_names.ts";
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

/**
 * How many programs of ended processes are kept, the latest, as their events may still be unread:
 * about 4 MiB.
 */
const LATEST = 4096;
const ADDRESS_BYTES = 8;
const INDENT = " ".repeat(8);

/** Names addresses of the kernel and of processes, also those that ended. */
export class EventStacks implements Disposable {
  readonly #user = new UserSymbols();
  readonly #kernel = new KernelNames();
  readonly #walk: BorrowedWalk | undefined;

  /** @param walk what walks the user stacks, if the kernel does not by itself; closed with this */
  constructor(walk?: BorrowedWalk) {
    this.#walk = walk;
  }

  /**
   * Records what processes map from now on. Without it symbols are found only for processes that
   * still run when they are looked up.
   */
  follow(pid: number | undefined): void {
    this.#walk?.hear(this.#user);
    // Events are symbolized as they arrive, so ended processes need not be kept for long.
    this.#user.follow({
      pids: pid === undefined ? undefined : [pid],
      wanted: () => new Set(),
      latest: LATEST,
    });
  }

  /** `vfs_read+0x1c` */
  kernelName(address: bigint): string {
    return formatSymbol(this.#kernel.resolve(address), address, { offset: true });
  }

  /** `inner_nap+0x1a [stacks]`, as it was when the event came. */
  userName(address: bigint, { who, ns }: StackEvent): string {
    return fullName(this.#user.resolve(who.pid, address, { time: ns }), address);
  }

  /** The frames of the kernel's stack, innermost first, without those of the tracing itself. */
  kernelFrames({ kernel = [], kernel_size: size }: StackEvent): Frame[] {
    const addresses = used(kernel, size);
    const symbols = this.#kernel.resolveStack(addresses);
    const frames = addresses.map((address, i) => {
      const symbol = symbols[i];
      const named = symbol && { ...symbol, module: symbol.module ?? "kernel" };
      return { address, name: fullName(named, address) };
    });
    const own = frames.findIndex(({ name }) => !TRACING.test(name));
    return frames.slice(Math.max(own, 0));
  }

  /** The frames of the process's stack, innermost first. */
  userFrames({ user = [], user_size: size, who, ns }: StackEvent): Frame[] {
    const entries = used(user, size);
    const addresses = entries.filter((entry) => !isInterpreted(entry));
    const symbols = this.#user.resolveStack(who.pid, addresses, ns).values();
    return entries.map((address) => {
      const name = isInterpreted(address)
        ? this.#walk?.interpreted?.nameOf(who.pid, address) ?? "?"
        : fullName(symbols.next().value, address);
      return { address, name };
    });
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
    this.#walk?.[Symbol.dispose]();
  }
}

/** One call of a stack. */
export interface Frame {
  readonly address: bigint;
  readonly name: string;
}

const fullName = (symbol: ResolvedSymbol | undefined, address: bigint) =>
  formatSymbol(symbol, address, { offset: true, module: true });

const used = (addresses: readonly bigint[], size: number) =>
  addresses.slice(0, Math.max(size, 0) / ADDRESS_BYTES);
