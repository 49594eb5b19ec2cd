/**
 * Translates ids between pid namespaces.
 *
 * @module
 */

import { ErrnoError, FIRST_PID_NAMESPACE, namespaceInode, readText } from "../../mod.ts";
import { allProcesses } from "../../plumbing.ts";

/**
 * The id that this process knows a process or thread by.
 *
 * @param id as it is told in the pid namespace
 * @param pidns a process of that namespace, as `--pidns` names it; undefined for our own
 * @returns undefined when there is none that could be told
 */
export function idInNamespace(id: number, pidns: unknown): number | undefined {
  if (typeof pidns !== "number") return id;
  const namespace = namespaceInode("pid", pidns);
  if (namespace === FIRST_PID_NAMESPACE || namespace === namespaceInode("pid")) return id;
  return allProcesses()
    .find((pid) => innermost(pid) === id && isIn(pid, namespace));
}

/**
 * The process that `-p` names, as this process knows it: with `--pidns` its number is that namespace's.
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

/** Its id in its own namespace. */
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
