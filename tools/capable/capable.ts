/**
 * capable: trace checks of whether a process has a capability.
 *
 * USAGE: capable [-v] [-p PID] [-K] [-U] [-x] [--unique] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # capable -K
 *     TIME      UID    PID    COMM             CAP  NAME                 AUDIT
 *     08:37:26  0      23290  deno             21   CAP_SYS_ADMIN        -
 *             cap_capable+0x83
 *             security_vm_enough_memory_mm+0x36
 *             __mmap_region+0xd51
 *             do_mmap+0x494
 *             vm_mmap_pgoff+0x124
 *             do_syscall_64+0x71
 *             entry_SYSCALL_64_after_hwframe+0x76
 *
 * Checks that are not for the audit log, which ask rather than need, are shown with -v only. INSETID (-x)
 * tells of checks for setuid(2) and its relatives. JSON tells the result too: whether it was granted.
 *
 * Hooks: fexit or kprobe on cap_capable, or tracepoint capability/cap_capable (Linux 6.14 and later), which
 * does not tell what a check is for: then all are shown, with "-" for AUDIT and INSETID. A kprobe does not
 * tell the result.
 */

import { formatSymbol, i32, type Infer, struct, u64, UserSymbols } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { KeptStacks, missedStack } from "../../toolkit/stacks/kept_stacks.ts";
import { sizeOption } from "../../toolkit/stacks/stack_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { NamespaceProcesses } from "../../toolkit/task/pid_namespace.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import { capabilityName } from "./capability_name.ts";
import object from "./capable.bpf.o.ts";

const options = {
  verbose: flag({ short: "v", long: "verbose", help: "include non-audit checks" }),
  pid: filterOptions.pid,
  kernelStack: flag({ short: "K", long: "kernel-stack", help: "output kernel stack trace" }),
  userStack: flag({ short: "U", long: "user-stack", help: "output user stack trace" }),
  extra: flag({ short: "x", long: "extra", help: "show extra fields in TID and INSETID columns" }),
  unique: flag({ long: "unique", help: "don't repeat stacks for the same pid or cgroup" }),
  stackSize: sizeOption("stack-storage-size", "the number of unique stack traces", 16384),
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  who: Who,
  ns: u64.asNumber,
  kernel: u64,
  user: u64,
  capability: i32,
  audit: i32,
  set_id: i32,
  result: i32,
});
type Event = Infer<typeof Event>;

const NOT_KNOWN = 1;
const orDash = (value: number) => value < 0 ? "-" : String(value);
const orNull = (value: number) => value < 0 ? null : value;

/** Symbolizes the stacks of events. */
class CheckStacks implements Disposable {
  readonly #user = new UserSymbols();
  readonly #processes: NamespaceProcesses;
  kept: KeptStacks | undefined;

  constructor(pidns: number | undefined) {
    this.#processes = new NamespaceProcesses(pidns);
  }

  kernel({ kernel }: Event): string[] {
    const frames = this.kept!.kernel(kernel);
    return frames?.map(({ symbol, address }) => formatSymbol(symbol, address, { offset: true })) ??
      [missedStack("Kernel")];
  }

  user({ user, who, ns }: Event): string[] {
    const addresses = this.kept!.addresses(user);
    const symbols = this.#user.resolveStack(this.#processes.ours(who.pid), addresses ?? [], ns);
    return addresses?.map((address, i) =>
      formatSymbol(symbols[i], address, { offset: true, module: true })
    ) ?? [missedStack("User")];
  }

  follow(named: number | undefined): void {
    const pid = this.#processes.named(named);
    this.#user.follow(pid === undefined ? {} : { pids: [pid] });
  }

  [Symbol.dispose](): void {
    this.#user.close();
  }
}

/** Returns a function that tells whether an event is the first of its kind (--unique). */
function firsts(byCgroup: boolean): (event: Event) => boolean {
  const seen = new Set<string>();
  return ({ who, capability, kernel, user }) => {
    const key = `${byCgroup ? who.cgroup : who.pid} ${capability} ${kernel} ${user}`;
    return !seen.has(key) && !!seen.add(key);
  };
}

/** The programs for the hooks that this kernel has. */
const programs = (machine: Machine) =>
  chooseHooks("capability checks", [
    { hook: "fentry:cap_capable", programs: ["fexit_cap_capable"] },
    { hook: "kprobe:cap_capable", programs: ["kprobe_cap_capable"] },
    { hook: "tracepoint:capability:cap_capable", programs: ["tp_cap_capable"] },
  ], machine);

const capable = defineTool({
  name: "capable",
  summary: "Trace checks of whether a process has a capability.",
  examples: [
    ["capable", "trace capability checks"],
    ["capable -v", "verbose: include non-audit checks"],
    ["capable -p 181", "only trace PID 181"],
    ["capable -K", "add kernel stacks to trace"],
    ["capable -U", "add user-space stacks to trace"],
    ["capable -x", "extra fields: show TID and INSETID columns"],
    ["capable --unique", "don't repeat stacks for the same pid"],
  ],
  object,
  options,
  plan(values, machine) {
    const { extra, json, kernelStack, userStack } = values;
    const settings = filterSettings(values, {
      audited_only: !values.verbose,
      kernel_stacks: kernelStack,
      user_stacks: userStack,
    });
    const hasStacks = kernelStack || userStack;
    const stacks = hasStacks ? new CheckStacks(values.pidns) : undefined;
    const framesOf = (event: Event) => [
      ...kernelStack ? stacks!.kernel(event) : [],
      ...userStack ? stacks!.user(event) : [],
    ];
    return eventPlan(Event, {
      load: {
        ...settings,
        maps: { ...settings.maps, stacks: { maxEntries: hasStacks ? values.stackSize : 1 } },
        programs: programs(machine),
      },
      prepare(bpf) {
        if (!stacks) return;
        stacks.kept = new KeptStacks(bpf);
        if (userStack) stacks.follow(values.pid);
        return stacks;
      },
      columns: [
        { ...clockColumn(), width: 9 },
        { head: "UID", width: 6, value: ({ who }) => who.uid },
        { head: "PID", width: 6, value: ({ who }) => who.pid },
        (extra || json) && { head: "TID", width: 6, value: ({ who }) => who.tid },
        commColumn(16),
        { head: "CAP", width: 4, value: ({ capability }) => capability },
        { head: "NAME", width: 20, value: ({ capability }) => capabilityName(capability) },
        {
          head: "AUDIT",
          width: 6,
          value: ({ audit }) => orNull(audit),
          text: ({ audit }) => orDash(audit),
        },
        (extra || json) && {
          head: "INSETID",
          value: ({ set_id }) => orNull(set_id),
          text: ({ set_id }) => orDash(set_id),
        },
        json && {
          head: "GRANTED",
          value: ({ result }) => result === NOT_KNOWN ? null : result === 0,
        },
        json && kernelStack &&
        { head: "KERNEL", member: "texts", value: (event) => stacks!.kernel(event) },
        json && userStack &&
        { head: "USER", member: "texts", value: (event) => stacks!.user(event) },
      ],
      ...hasStacks
        ? { below: (event: Event) => framesOf(event).map((name) => `        ${name}`) }
        : {},
      ...values.unique ? { wants: firsts(values.cgroupMap !== undefined) } : {},
    });
  },
});

export default capable;

if (import.meta.main) await main(capable);
