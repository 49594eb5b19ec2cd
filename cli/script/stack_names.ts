/**
 * Symbolizes the stacks in the keys of a script's maps.
 *
 * @module
 */

import { type AnyMap, STACK_MAP, STACK_TIMES, UserStack } from "../../kernel.ts";
import { type Bpf, type StackTraces, u64, UserSymbols } from "../../mod.ts";
import { type Frame, frameName, TRACING } from "../../toolkit/stacks/kept_stacks.ts";
import { KernelNames } from "../../toolkit/stacks/kernel_names.ts";

export type { Frame };
export { frameName };

/** A stack in a key, as programs store it. */
export interface StackId {
  readonly id: number;
  /** The process of a user stack; undefined for a kernel stack. */
  readonly pid?: number;
  /** How often the process had called exec, which gives addresses another meaning. */
  readonly program?: number;
}

/** Errors of bpf_get_stackid that mean a full map; others mean that there is no stack. */
const NO_ROOM: ReadonlySet<number> = new Set([-17, /* EEXIST */ -12 /* ENOMEM */]);

/** Reads and symbolizes stacks. */
export class StackNames implements Disposable {
  readonly #bpf: Bpf;
  readonly #stacks: StackTraces;
  readonly #kernel = new KernelNames();
  readonly #user = new UserSymbols();
  readonly #knowsTimes: boolean;

  private constructor(bpf: Bpf, maps: ReadonlyMap<string, AnyMap>, pid: number | undefined) {
    this.#bpf = bpf;
    this.#stacks = bpf.stacks(STACK_MAP);
    this.#knowsTimes = maps.has(STACK_TIMES);
    if (!this.#knowsTimes) return;
    const times = this.#times();
    this.#user.follow({
      pids: pid === undefined ? undefined : [pid],
      wanted: () => new Set([...times].map(([stack]) => stack.pid)),
    });
  }

  /** Starts to follow processes; undefined if the programs read no stacks. */
  static of(
    bpf: Bpf,
    maps: ReadonlyMap<string, AnyMap>,
    pid: number | undefined,
  ): StackNames | undefined {
    return maps.has(STACK_MAP) ? new StackNames(bpf, maps, pid) : undefined;
  }

  /** Innermost first; empty if there is no stack, undefined if the stack map had no room. */
  frames(stack: StackId): Frame[] | undefined {
    const { id, pid } = stack;
    if (id < 0) return NO_ROOM.has(id) ? undefined : [];
    const addresses = this.#stacks.get(id) ?? [];
    if (pid === undefined) {
      const symbols = this.#kernel.resolveStack(addresses);
      const frames = addresses.map((address, i) => ({
        address,
        kernel: true,
        symbol: symbols[i],
      }));
      // The innermost frames belong to the tracing itself: they are left out.
      const own = frames.findIndex(({ symbol }) => !TRACING.test(symbol?.name ?? ""));
      return frames.slice(Math.max(own, 0));
    }
    const time = this.#times().get(stack as UserStack);
    const symbols = this.#user.resolveStack(
      pid,
      addresses,
      time === undefined ? undefined : Number(time),
    );
    return addresses.map((address, i) => ({ address, kernel: false, symbol: symbols[i] }));
  }

  #times() {
    return this.#bpf.map(STACK_TIMES, UserStack, u64);
  }

  [Symbol.dispose](): void {
    this.#user.close();
  }
}
