/**
 * Symbolizes the stacks of funcslower's events.
 *
 * @module
 */

import { type Bpf, formatSymbol, u32, UserSymbols } from "../../mod.ts";
import { frameName, KeptStacks } from "../../toolkit/stacks/kept_stacks.ts";
import { NamespaceProcesses } from "../../toolkit/task/pid_namespace.ts";
import type { Who } from "../../toolkit/task/who.ts";

/** The fields of an event that identify its stacks. */
interface StackEvent {
  readonly who: Who;
  readonly start: number;
  readonly user: bigint;
  readonly kernel: bigint;
}

const INDENT = " ".repeat(4);
const MISSED = ["[Missed Stack]"];

/** Symbolizes stacks, innermost frame first. */
export class CallerStacks implements Disposable {
  readonly #symbols = new UserSymbols();
  readonly #processes: NamespaceProcesses;
  #kept: KeptStacks | undefined;

  /** @param pidns a process of the PID namespace whose pids events carry; undefined: our own */
  constructor(pidns: number | undefined) {
    this.#processes = new NamespaceProcesses(pidns);
  }

  /** Opens the stack maps of loaded programs, and follows processes if user stacks are stored. */
  open(bpf: Bpf, { pid, hasUser }: { pid: number | undefined; hasUser: boolean }): void {
    this.#kept = new KeptStacks(bpf);
    if (!hasUser) return;
    const named = this.#processes.named(pid);
    const callers = bpf.map("callers", u32, u32);
    this.#symbols.follow({
      pids: named === undefined ? undefined : [named],
      wanted: () => new Set(callers.keys()),
    });
  }

  /** The kernel stack. */
  kernel({ kernel }: StackEvent): readonly string[] {
    return this.#kept!.kernel(kernel)?.map(frameName) ?? MISSED;
  }

  /** The user stack. */
  user({ user, who, start }: StackEvent): readonly string[] {
    const addresses = this.#kept!.addresses(user);
    if (!addresses) return MISSED;
    return this.#symbols.resolveStack(this.#processes.ours(who.pid), addresses, start)
      .map((symbol, i) => formatSymbol(symbol, addresses[i]!));
  }

  /** Both stacks, as lines below a row. */
  lines(event: StackEvent): string[] {
    return [...this.kernel(event), ...this.user(event)].map((name) => INDENT + name);
  }

  [Symbol.dispose](): void {
    this.#symbols.close();
  }
}
