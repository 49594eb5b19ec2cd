/**
 * inject: make functions of the kernel fail where a call chain and tests of parameters say so.
 *
 * USAGE: inject [-P PROBABILITY] [-c COUNT] [-e ERROR] [-p PID] [-v] [-d SECONDS] [--json] MODE SPEC
 *
 *     # inject security_inode_mkdir -e ENOSPC 'do_mkdirat()'
 *     Injecting ENOSPC into security_inode_mkdir... Hit Ctrl-C to end.
 *     ^C
 *     PID     COMM             ERRORS
 *     4711    mkdir                 3
 *
 * It makes parts of the kernel fail for the whole machine, unless SPEC or -p say otherwise: use it on machines that
 * are for tests.
 *
 * MODE is kmalloc (should_failslab fails with ENOMEM), bio (should_fail_bio, EIO), alloc_page
 * (should_fail_alloc_page), or, which bcc's tool has not, a function that the kernel lets programs replace, such
 * as those that it asks security modules with (EPERM unless -e says otherwise).
 *
 * SPEC lists functions, innermost first, that a thread must be inside of: FUNCTION(PARAMETERS)(TEST) => FUNCTION…
 * TEST is an expression of C over the parameters, called as in the kernel or as PARAMETERS call them. Texts are
 * compared by STRCMP(address, 'text'). A test for the function of MODE itself comes first, with its name or alone:
 *
 *     inject kmalloc 'SyS_mount()'
 *     inject kmalloc '(true) => SyS_mount()(true)'
 *     inject alloc_page 'should_fail_alloc_page(gfp_t gfp_mask, unsigned int order)(order == 1) => qlge_refill_bq()'
 *     inject kmalloc 'd_alloc_parallel(struct dentry *parent, const struct qstr *name)(STRCMP(name->name, "bananas"))'
 *
 * Types are the running kernel's, so -I brings nothing; constants that are macros have no names. With -c several
 * CPUs at once may exceed COUNT by one each. The tool itself is spared.
 *
 * The three modes of bcc need a kernel with CONFIG_FUNCTION_ERROR_INJECTION. Debian's 5.10, 6.1 and 6.12 are built without
 * it and without CONFIG_FAULT_INJECTION, for x86-64 and arm64: there it says so.
 * Tested were functions of security modules, on Linux 6.1 and 6.12, which take the same way through the kernel; that
 * kmalloc, bio and alloc_page fail was never seen. bcc's tool needs CONFIG_BPF_KPROBE_OVERRIDE, this one does not.
 *
 * Hooks: fmod_ret at the function of MODE, fentry and fexit at those of SPEC (Linux 5.7 with trampolines).
 */

import { type Bpf, errnoName, u64, UnsupportedError } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import {
  argument,
  flag,
  list,
  number,
  text,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import { filterOptions, standardOptions } from "../../toolkit/options/standard_options.ts";
import { errno } from "../../toolkit/options/syscall_options.ts";
import { complainLines } from "../../toolkit/output/complain.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { tellDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { type Call, parseChain } from "./chain.ts";
import { type Injection, injectionCode, Process, programTexts, type Texts } from "./programs.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

/**
 * The function that each of bcc's modes makes fail, and the error; should_fail_alloc_page returns a
 * bool, true (1) to fail.
 */
const MODES = {
  kmalloc: { function: "should_failslab", errno: 12 },
  bio: { function: "should_fail_bio", errno: 5 },
  alloc_page: { function: "should_fail_alloc_page", errno: -1 },
} as const;
const EPERM = 1;

const options = {
  mode: argument(text({
    long: "mode",
    meta: "mode",
    help: "kmalloc, bio, alloc_page, or a function of the kernel",
  })),
  spec: argument(text({
    long: "spec",
    meta: "spec",
    help: "the call chain, innermost first: FUNCTION(PARAMETERS)(TEST) => …",
  })),
  probability: number({
    short: "P",
    long: "probability",
    meta: "PROBABILITY",
    help: "probability that this call chain will fail (default 1)",
    what: "a probability",
    min: 1e-6,
    max: 1,
    fraction: true,
  }),
  count: number({
    short: "c",
    long: "count",
    meta: "COUNT",
    help: "number of fails before calls are let through again",
    what: "a number of fails",
    min: 1,
    max: 2147483647,
  }),
  error: errno({
    short: "e",
    long: "error",
    meta: "ERROR",
    help: "the error that the function returns, by name or number",
  }),
  pid: filterOptions.pid,
  verbose: flag({ short: "v", long: "verbose", help: "print the BPF programs" }),
  include: list({
    short: "I",
    long: "include",
    meta: "HEADER",
    help: "taken for bcc's sake: types come from the running kernel",
  }),
  ...standardOptions,
} as const;

/** The kernel's name of a function; those of system calls (`SyS_open`) changed in Linux 4.17. */
function kernelName(name: string): string {
  const call = /^(?:SyS|sys)_(\w+)$/.exec(name)?.[1];
  if (call === undefined) return name;
  return process.arch === "arm64" ? `__arm64_sys_${call}` : `__x64_sys_${call}`;
}

/** Parses the options. @throws {UsageError} @throws {UnsupportedError} */
function injectionOf(values: Values<typeof options>, machine: Machine): Injection {
  const { mode, spec, probability = 1, count, pid } = values;
  if (mode === undefined || spec === undefined) {
    throw new UsageError("expected a mode and a call chain: inject kmalloc 'SyS_mount()'");
  }
  const known = mode in MODES ? MODES[mode as keyof typeof MODES] : undefined;
  if (!known && !/^\w+_\w+$/.test(mode)) {
    throw new UsageError(
      `no mode ${JSON.stringify(mode)}: expected kmalloc, bio, alloc_page or a function`,
    );
  }
  const name = known?.function ?? mode;
  const chain = parseChain(spec);
  const [first, ...rest] = chain as [Call, ...Call[]];
  const isOwn = first.function === undefined || first.function === name;
  const callers = (isOwn ? rest : chain).map((call) => {
    if (call.function === undefined) {
      throw new UsageError("only the first test may lack a function");
    }
    return { ...call, function: kernelName(call.function) };
  });
  // The functions themselves are checked when the programs are compiled.
  const has = machine.hasHook("fentry");
  if (has.answer === "no") {
    throw new UnsupportedError(`make ${name} fail`, "fentry", has.reason ?? "");
  }
  return {
    function: name,
    returns: values.error === undefined && known ? -known.errno : -(values.error ?? EPERM),
    own: isOwn ? first : undefined,
    callers,
    probability,
    count,
    pid,
    tool: machine.pid,
  };
}

/** The programs as -v shows them. */
const shown = ({ enter, leave, fail }: Texts, { function: name, callers }: Injection) =>
  [
    ...callers.toReversed().flatMap(({ function: caller }, i) => [
      `// fentry ${caller}\n${enter[i]}`,
      `// fexit ${caller}\n${leave[i]}`,
    ]),
    `// fmod_ret ${name}\n${fail}`,
  ].join("\n");

interface Row {
  readonly pid: number;
  readonly comm: string;
  readonly errors: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { head: "PID", width: 7, value: ({ pid }) => pid },
  { head: "COMM", width: 16, value: ({ comm }) => comm },
  { head: "ERRORS", width: 6, align: "right", value: ({ errors }) => errors },
];

/** Prints how many errors each process got. */
function print(bpf: Bpf, report: Report, { callers }: Injection): void {
  const rows = [...bpf.map("processes", Process, u64.asNumber)]
    .map(([{ pid, comm }, errors]) => ({ pid, comm, errors }))
    .sort((a, b) => b.errors - a.errors);
  report.table(COLUMNS, rows);
  const dropped = (map: string) => bpf.global(`${map}_dropped`, u64.asNumber).value;
  tellDropped(report, "inject", "processes", dropped("processes"));
  const calls = callers.reduce((sum, _, i) => sum + dropped(`depth_${i}`), 0);
  tellDropped(report, "inject", "calls", calls);
}

const inject = defineTool({
  name: "inject",
  summary: "Make functions of the kernel fail where a call chain says so.",
  examples: [
    ["inject kmalloc 'SyS_mount()'", "allocations fail in mount(2)"],
    ["inject kmalloc '(true) => SyS_mount()(true)'", "the same in full"],
    ["inject kmalloc 'mount_subtree() => btrfs_mount()'", "in btrfs mounts only"],
    ["inject kmalloc -P 0.01 'SyS_mount()'", "one of a hundred"],
    ["inject security_inode_mkdir -c 3 -e ENOSPC 'do_mkdirat()'", "three folders are not made"],
  ],
  options,
  sample: false, // it makes functions fail
  plan(values, machine) {
    const injection = injectionOf(values, machine);
    const texts = programTexts(injection);
    const { returns } = injection;
    const error = returns > 0 ? "a failure" : errnoName(-returns);
    return {
      intro: `Injecting ${error} into ${injection.function}... Hit Ctrl-C to end.`,
      interval: undefined,
      code: injectionCode(injection, texts),
      prepare() {
        if (values.verbose) complainLines(shown(texts, injection));
      },
      records: [rowShape({ pid: "id", comm: "text", errors: "count" })],
      report: (bpf, report) => print(bpf, report, injection),
    };
  },
});

export default inject;

if (import.meta.main) await main(inject);
