/**
 * Translates ids between pid namespaces.
 *
 * @module
 */

import { ErrnoError, FIRST_PID_NAMESPACE, namespaceInode, readText } from "../../mod.ts";
import { allProcesses } from "../../plumbing.ts";

/**
 * This process's id for a process or thread.
 *
 * @param id as in the pid namespace
 * @param pidns a process in that namespace, as `--pidns` names it; undefined: our own
 * @returns undefined when it is not found
 */
export function idInNamespace(id: number, pidns: unknown): number | undefined {
  if (typeof pidns !== "number") return id;
  const namespace = namespaceInode("pid", pidns);
  if (namespace === FIRST_PID_NAMESPACE || namespace === namespaceInode("pid")) return id;
  return allProcesses()
    .find((pid) => innermost(pid) === id && isIn(pid, namespace));
}

/**
 * The process of `-p` by this process's id: with `--pidns` its number is one of that namespace.
 *
 * @throws {Error} when there is no such process
 */
export function namedProcess(
  { pid, pidns }: { readonly pid: number | undefined; readonly pidns: number | undefined },
): number | undefined {
  if (pid === undefined) return undefined;
  const known = idInNamespace(pid, pidns);
  if (known !== undefined) return known;
  throw new Error(
    `Cannot find process ${pid} in the pid namespace of process ${pidns}: with --pidns, -p takes a ` +
      "number of that namespace",
  );
}

/** How long an id is taken for the same process. */
const KNOWN_MS = 1000;
/** No process has it: it is above PID_MAX_LIMIT. */
const NOBODY = 0x7fff_ffff;

/**
 * Translates the ids in events with `--pidns`, which are those of that namespace, to this process's
 * ids, which /proc and UserSymbols take.
 */
export class NamespaceProcesses {
  readonly #pidns: number | undefined;
  readonly #known = new Map<number, { readonly pid: number; readonly since: number }>();

  /** @param pidns as `--pidns` names it; undefined: ids need no translation */
  constructor(pidns: number | undefined) {
    this.#pidns = pidns;
  }

  /**
   * The process that `-p` names, as {@linkcode namedProcess}; its id stays known after it has
   * ended.
   */
  named(pid: number | undefined): number | undefined {
    const known = namedProcess({ pid, pidns: this.#pidns });
    if (known !== undefined) this.#known.set(pid!, { pid: known, since: performance.now() });
    return known;
  }

  /**
   * This process's id for a process of the namespace; one that no process has if it ended before
   * the first look.
   */
  ours(number: number): number {
    if (this.#pidns === undefined) return number;
    const known = this.#known.get(number);
    const now = performance.now();
    // Searching all processes takes milliseconds. For a process that has ended the symbols may
    // still be known.
    if (known && now - known.since < KNOWN_MS) return known.pid;
    // The process that names the namespace may have ended as well.
    const pid = ifThere(() => idInNamespace(number, this.#pidns)) ?? known?.pid ?? NOBODY;
    this.#known.set(number, { pid, since: now });
    return pid;
  }
}

/** The id of a process in its own pid namespace. */
function innermost(pid: number): number | undefined {
  const text = ifThere(() => readText(`/proc/${pid}/status`));
  const [, last] = /^NSpid:.*\t(\d+)$/m.exec(text ?? "") ?? [];
  return last === undefined ? undefined : Number(last);
}

const isIn = (pid: number, namespace: number) =>
  ifThere(() => namespaceInode("pid", pid)) === namespace;

/** Processes end at any time. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}
