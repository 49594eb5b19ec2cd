/**
 * memleak: show memory that was allocated and not freed, by the stack that allocated it.
 *
 * USAGE: memleak [-p PID | -c COMMAND] [-t] [-a] [-o OLDER] [--combined-only] [--wa-missing-free]
 *                [-s SAMPLE_RATE] [-T TOP] [-z MIN_SIZE] [-Z MAX_SIZE] [-O OBJ] [--percpu]
 *                [--sort KEY] [--symbols-prefix PREFIX] [-f] [--svg FILE] [--html FILE] [--output FILE]…
 *                [--compare FILE] [--json] [interval] [count]
 *
 *     # memleak -p 8904
 *     Attaching to pid 8904, Ctrl+C to quit.
 *     [23:02:03] Top 10 stacks with outstanding allocations:
 *             1001 bytes in 7 allocations from stack
 *                     0x000056088fc732e8      leak_zeroed+0x20 [leaks]
 *                     0x000056088fc73781      main+0x77 [leaks]
 *                     0x00007f4ec717524a      __libc_start_call_main+0x7a [libc.so.6]
 *             53477 bytes in 53 allocations from stack
 *                     0x000056088fc73274      leak_small+0x1b [leaks]
 *                     0x000056088fc73777      main+0x6d [leaks]
 *                     0x00007f4ec717524a      __libc_start_call_main+0x7a [libc.so.6]
 *
 * Of a process it counts what its functions were asked for: memory that malloc itself gets by mmap
 * is not counted again, nor what realloc could not enlarge lost, and what ran before an exec is
 * forgotten. When the process ends, all that it has left is shown, unless -o is given. Of mappings the
 * parts are followed that munmap, mremap or another mapping (MAP_FIXED) takes away: what is left of one
 * counts with what made it (before Linux 5.13 whole mappings only). User stacks begin at the caller of
 * the allocator; how they are found, and which are not whole, is in docs/stacks.md.
 *
 * Of the kernel, pages that its allocators get for themselves are counted as well, as by bcc's tool,
 * and pages are known by the address of their struct page. What is freed in bulk, as by kfree_rcu,
 * or in an interrupt that comes in between, is not seen until its place is taken again.
 *
 * Hooks: uprobes at the begin and the return of malloc, calloc, realloc, mmap, mremap,
 * posix_memalign, valloc, memalign, pvalloc, aligned_alloc, at the begin of free and munmap, and raw tracepoint
 * sched_process_exec; of the kernel, raw tracepoints kmalloc, kmem_cache_alloc, mm_page_alloc, kfree,
 * kmem_cache_free and mm_page_free, or with --percpu percpu_alloc_percpu and percpu_free_percpu.
 *
 * Overhead: about 19 µs for each malloc and its free, of which the programs take 1.7 µs; on
 * programs that do little else that is a hundredfold. In the kernel 2 µs for each allocation and
 * 0.3 µs for each time something is freed, which may be a million times a second.
 */

import { type Bpf, hasTracepoint, type Link, type LoadOptions } from "../../mod.ts";
import { allocatorPrograms, attachAllocator } from "./allocator.ts";
import { checkLeakOptions, DEFAULTS, leakOptions, type LeakSettings } from "./options.ts";
import { leakRecords, reportLeaks } from "./report.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { main } from "../../toolkit/run/main.ts";
import { memoryColumns, MemoryEvent } from "./events.ts";
import { hasEnded, nameOf } from "../../toolkit/task/proc.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { requireStackFiles } from "../../toolkit/stacks/stack_files.ts";
import { Stacks } from "../../toolkit/stacks/stacks.ts";
import { stackSettings } from "../../toolkit/stacks/stack_options.ts";
import { defineTool, type EventPlan, type ReportPlan } from "../../toolkit/run/tool.ts";
import object from "./memleak.bpf.o.ts";

/** A ring buffer's size is a multiple of the page size, which is at most 64 KiB (arm64). */
const SMALLEST_RING = 65536;

const kernelPrograms = [
  ...["kfree", "kmem_cache_free", "page_free"],
  ...["kmalloc", "kmem_cache_alloc", "page_alloc"],
];
const percpuPrograms = ["percpu_free", "percpu_alloc"];

function intro({ pid, exec }: LeakSettings): string {
  if (exec) return `Executing '${exec.join(" ")}' and tracing the resulting process.`;
  const what = pid === undefined ? "kernel allocators" : `pid ${pid}`;
  return `Attaching to ${what}, Ctrl+C to quit.`;
}

function loadOptions(values: LeakSettings, machine: Machine): LoadOptions {
  const { pid, exec, percpu, least, most, sampleRate, combinedOnly, trace } = values;
  const isUser = pid !== undefined || exec !== undefined;
  const stacks = { ...values, userOnly: isUser, kernelOnly: !isUser, delimited: false };
  const settings = stackSettings(stacks, { pids: undefined, tids: undefined }, machine);
  const wanted = isUser ? [] : percpu ? percpuPrograms : kernelPrograms;
  const ofUser = Object.entries(allocatorPrograms(machine))
    .map(([name, can]) => [name, isUser && can] as const);
  const ofKernel = [...percpuPrograms, ...kernelPrograms]
    .map((name) => [name, wanted.includes(name)] as const);
  return {
    globals: {
      ...settings.globals,
      least_size: BigInt(least ?? 0),
      most_size: BigInt(most ?? Number.MAX_SAFE_INTEGER),
      sample_rate: BigInt(sampleRate ?? 1),
      combined: combinedOnly,
      traced: trace,
    },
    programs: Object.fromEntries([...ofUser, ...ofKernel]),
    maps: {
      ...settings.maps,
      allocations: { maxEntries: values.allocationSize },
      ...isUser ? {} : {
        mappings: { maxEntries: 1 },
        slots: { maxEntries: 1 },
        free_slots: { maxEntries: 1 },
      },
      // One sum for each stack, and one for allocations without a stack.
      sums: { maxEntries: combinedOnly ? values.stackSize + 1 : 1 },
      ...trace ? {} : { events: { maxEntries: SMALLEST_RING } },
    },
  };
}

function attachKernel(bpf: Bpf): Link[] {
  const links = bpf.attach();
  // Linux 6.1 merged the tracepoints `NAME_node` into NAME.
  for (const name of ["kmalloc", "kmem_cache_alloc"]) {
    if (!bpf.programs.has(name) || hasTracepoint("kmem", `${name}_node`).answer !== "yes") continue;
    links.push(bpf.program(name).attachRawTracepoint(`${name}_node`));
  }
  return links;
}

/** The traced process, or the kernel. */
class Target implements Disposable {
  readonly pid: number | undefined;
  readonly stacks: Stacks;
  readonly #comm: string;

  constructor(bpf: Bpf, pid: number | undefined, comm: string | undefined, hasLines: boolean) {
    this.pid = pid;
    const name = comm?.slice(comm.lastIndexOf("/") + 1);
    this.#comm = name ?? (pid === undefined ? "kernel" : nameOf(pid)) ?? "";
    const pids = pid === undefined ? [] : [pid];
    this.stacks = new Stacks(bpf, { pids, tids: undefined }, hasLines);
  }

  get hasEnded(): boolean {
    return this.pid !== undefined && hasEnded(this.pid);
  }

  async report(bpf: Bpf, report: Report, values: LeakSettings): Promise<void> {
    // An ended process frees nothing more: all that it has left counts, however young.
    const olderMs = values.older ?? (this.hasEnded ? 0 : DEFAULTS.olderMs);
    const { pid, stacks } = this;
    const { top = DEFAULTS.top } = values;
    await reportLeaks(bpf, report, stacks, { ...values, pid, comm: this.#comm, olderMs, top });
  }

  [Symbol.dispose](): void {
    this.stacks[Symbol.dispose]();
  }
}

const memleak = defineTool({
  name: "memleak",
  summary: "Show memory that was allocated and not freed, by the stack that allocated it: of one " +
    "process, or of the kernel.",
  examples: [
    ["memleak -p 181", "what process 181 has allocated and not freed, every 5 seconds"],
    ["memleak -p 181 -t", "each call that allocates or frees"],
    ["memleak -ap 181 10", "with addresses and sizes, every 10 seconds"],
    ["memleak -c './app --fast'", "run a command and trace its allocations"],
    ["memleak", "trace allocations of the kernel"],
    ["memleak -o 60000", "only those that are at least a minute old"],
    ["memleak -s 5", "every 5th allocation, to reduce overhead"],
    ["memleak --sort count", "sorted by the number of allocations"],
    ["memleak -p 181 --html flame.html", "a flame graph, to open in a browser"],
  ],
  object,
  options: leakOptions,
  permissions: "all",
  plan(values, machine): EventPlan<MemoryEvent> | ReportPlan {
    checkLeakOptions(values);
    const { pid, exec, interval = DEFAULTS.seconds, count } = values;
    const isUser = pid !== undefined || exec !== undefined;
    const allocator = { object: values.object ?? DEFAULTS.object, prefix: values.prefix ?? "" };
    const attach = (bpf: Bpf, held: number | undefined) => {
      if (!isUser) return attachKernel(bpf);
      return attachAllocator(bpf, held ?? pid!, { ...allocator, atExec: held !== undefined });
    };
    let target: Target | undefined;
    const tracing = {
      load: loadOptions(values, machine),
      async attach(bpf: Bpf, held: number | undefined) {
        await target?.stacks.ready("memleak");
        return attach(bpf, held);
      },
    };
    if (values.trace) return { ...tracing, event: MemoryEvent, columns: memoryColumns() };
    return {
      ...tracing,
      ...values.folded ? {} : { intro: intro(values) },
      interval,
      ...count === undefined ? {} : { count },
      prepare(bpf, held) {
        requireStackFiles(values);
        target = new Target(bpf, held ?? pid, exec?.[0], values.lines);
        const program = exec && machine.findFile(exec[0]!);
        if (program) target.stacks.expect(program);
        return target;
      },
      isOver: () => target!.hasEnded,
      records: leakRecords(pid === undefined && !exec),
      report: (bpf, report) => target!.report(bpf, report, values),
    };
  },
});

export default memleak;

if (import.meta.main) await main(memleak);
