/**
 * Checks that the processes and threads named by options exist, and watches for their end.
 *
 * @module
 */

import { ErrnoError, readText } from "../../mod.ts";
import { ProcessEnd } from "../../plumbing.ts";
import { hasEnded } from "./proc.ts";
import { idInNamespace } from "./pid_namespace.ts";

/** The options that may name targets; tools may have options of the same keys with other types. */
interface TargetValues {
  readonly pid?: unknown;
  readonly pids?: unknown;
  readonly ppid?: unknown;
  readonly tid?: unknown;
  readonly tids?: unknown;
  readonly pidns?: unknown;
}

type Kind = "process" | "thread";

/** The only processes or threads that a tool traces, while they exist. */
export class Targets implements Disposable {
  /**
   * Settles when the last of them has ended, with their names: `process 12`. Never settles without
   * targets.
   */
  readonly ended: Promise<string>;
  readonly #ends: ProcessEnd[] = [];

  /** @throws {Error} when one does not exist, in one sentence */
  constructor(values: TargetValues) {
    const { pid, pids, ppid, tid, tids } = values;
    const inNamespace = (id: number) => idInNamespace(id, values.pidns);
    const processes = [pid, pids, ppid].flatMap(idsOf);
    const threads = [tid, tids].flatMap(idsOf);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    try {
      for (const id of processes) this.#watch("process", id, inNamespace(id));
      for (const id of threads) this.#watch("thread", id, inNamespace(id));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    if (this.#ends.length === 0) return;
    Promise.all(this.#ends.map(({ ended }) => ended)).then((ended) => {
      if (ended.every(Boolean)) {
        resolve([...told("process", processes), ...told("thread", threads)].join(" and "));
      }
    });
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end.close();
  }

  /** @param id this process's id of it; undefined when unknown */
  #watch(kind: Kind, name: number, id: number | undefined): void {
    if (id === undefined) return;
    try {
      const end = new ProcessEnd(id, { thread: kind === "thread" });
      this.#ends.push(end);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      const leader = kind === "process" ? leaderOf(id) : undefined;
      if (leader !== undefined && leader !== id) {
        throw new Error(`Cannot trace process ${name}: it is a thread of process ${leader}`);
      }
      if (error.code === "ESRCH") {
        throw new Error(`Cannot trace ${kind} ${name}: it does not exist`);
      }
      // In a sandbox without pidfds the end cannot be observed.
    }
    if (hasEnded(id)) throw new Error(`Cannot trace ${kind} ${name}: it has ended already`);
  }
}

const idsOf = (value: unknown): number[] =>
  typeof value === "number"
    ? [value]
    : Array.isArray(value)
    ? value.filter((id) => typeof id === "number")
    : [];

const told = (kind: Kind, ids: readonly number[]) =>
  ids.length === 0 ? [] : [
    `${ids.length === 1 ? kind : kind === "process" ? "processes" : "threads"} ${ids.join(", ")}`,
  ];

/** The process of a thread; undefined when it does not exist. */
function leaderOf(id: number): number | undefined {
  try {
    const [, leader] = /^Tgid:\t(\d+)$/m.exec(readText(`/proc/${id}/status`)) ?? [];
    return leader === undefined ? undefined : Number(leader);
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}
