/**
 * Globals of the kernel side whose values depend on the machine. Plans stay pure: they hold a
 * placeholder, which is replaced when the plan is carried out.
 *
 * @module
 */

import { FIRST_PID_NAMESPACE } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";

/**
 * Placeholder for a global that depends on the machine: {@linkcode settle} replaces it when a plan
 * is carried out.
 */
export const BY_MACHINE: unique symbol = Symbol("by the machine");

/** Values of the options that such globals depend on. */
export interface MachineOptions {
  /** `--cgroup`. */
  readonly cgroup?: string | undefined;
  /** `--pidns`. */
  readonly pidns?: number | undefined;
}

const SETTLED: Readonly<Record<string, (values: MachineOptions, machine: Machine) => unknown>> = {
  own_pid: (_, machine) => machine.pid,
  target_cgroup: ({ cgroup }, machine) => machine.cgroupId(cgroup!),
  pidns: pidNamespace,
  in_pidns: ({ pidns }, machine) =>
    machine.namespaceInode("pid") !== FIRST_PID_NAMESPACE && pidns === undefined,
};

/** The globals with {@linkcode BY_MACHINE} replaced by values. */
export function settle(
  globals: Readonly<Record<string, unknown>>,
  values: MachineOptions,
  machine: Machine,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(globals).map(([name, value]) =>
      [name, value === BY_MACHINE ? SETTLED[name]!(values, machine) : value] as const
    ),
  );
}

/** The pid namespace whose ids are shown; 0 for the initial one. In a container the container's. */
function pidNamespace({ pidns }: MachineOptions, machine: Machine): number {
  if (pidns !== undefined) return machine.namespaceInode("pid", pidns);
  const own = machine.namespaceInode("pid");
  return own === FIRST_PID_NAMESPACE ? 0 : own;
}
