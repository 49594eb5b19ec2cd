/**
 * ksnoop: trace entry and return of kernel functions, with values of their parameters and results.
 *
 * USAGE: ksnoop [-p PID] [-s] [-v] [-P PAGES] [--duration SECONDS] [--json] [info | trace] FUNCTION…
 *
 *     # ksnoop info vfs_truncate
 *     long int vfs_truncate(const struct path *path, loff_t length);
 *     # ksnoop trace 'vfs_truncate(length > 4096, path->dentry, return)'
 *                 TIME  CPU      PID FUNCTION/ARGS
 *          20425469493    1      212 vfs_truncate(
 *                                        length =
 *                                         (loff_t)4711,
 *                                        path->dentry = *(0xffff88800446c240)
 *                                         (struct dentry){
 *                                          .d_flags = (unsigned int)71827456,
 *                                          …
 *                                         },
 *                                        return =
 *                                         (long int)0
 *                                   );
 *
 * A FUNCTION is a name, for entries with all parameters and returns with the result, or a name with what to
 * show: name(ARGUMENT, …), each a parameter, return, or PARAMETER->MEMBER, with a condition if it likes:
 * == != > >= < <= and a number. All conditions must hold. Where there are conditions, and values of the entry
 * and the return, both are shown at the return. Values are shown by the kernel's BTF; what is 0 in a struct is
 * left out. A pointer to text is shown as text. Up to 5 parameters and the result are seen, up to 1024 bytes
 * of each.
 *
 * With -s each function must be called within the one before, in one thread: calls of the last are shown as
 * they come, those of the others at their return, if the last was reached. A function that calls itself is not
 * told apart from its first call.
 *
 * Functions of modules, and inlined ones, cannot be traced. -d/--debug of libbpf-tools' ksnoop, messages about
 * itself, does nothing here.
 *
 * Hooks: kprobe and kretprobe (Linux 5.15) at each function.
 */

import {
  array,
  type Bpf,
  bytesRest,
  type Infer,
  struct,
  u32,
  u64,
  UnsupportedError,
} from "../../mod.ts";
import { kernelBtf, withKernelBtf } from "../../plumbing.ts";
import { argumentList, flag, longOnly, UsageError } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import { declaration, flagsOf, resolve, type Traced } from "./functions.ts";
import { MAX_VALUES, parseSpec } from "./spec.ts";
import { type Seen, valueBlock, valueText } from "./shown_values.ts";
import object from "./ksnoop.bpf.o.ts";

const MAX_FUNCTIONS = 32;
const INDENT = " ".repeat(31);

const options = {
  functions: argumentList({
    long: "function",
    help: "info or trace (default), then functions: name or name(ARGUMENT, …)",
  }),
  pid: filterOptions.pid,
  stack: flag({
    short: "s",
    long: "stack",
    help: "trace functions only if they are called in the order given",
  }),
  verbose: flag({
    short: "v",
    long: "verbose",
    help: "show the namespace of pids and the command",
  }),
  debug: flag({ short: "d", long: "debug", help: "taken for libbpf-tools' sake: does nothing" }),
  ...containerOptions,
  ...eventOptions,
  version: { ...eventOptions.version, short: "V" },
  bufferPages: { ...eventOptions.bufferPages, short: "P", long: "pages" },
  duration: longOnly(eventOptions.duration),
} as const;

const Value = struct("value", {
  compared: u64,
  argument: u32,
  offset: u32,
  size: u32,
  kind: u32,
  comparison: u32,
  width: u32,
});
const Func = struct("function", { count: u32, flags: u32, values: array(Value, MAX_VALUES) });
const NOTHING: Infer<typeof Value> = {
  compared: 0n,
  argument: 0,
  offset: 0,
  size: 0,
  kind: 0,
  comparison: 0,
  width: 0,
};

const Event = struct("event", {
  who: Who,
  time: u64.asNumber,
  cpu: u32,
  function: u32,
  is_return: u32,
  count: u32,
  size: u32,
  namespace: u32,
  values: array(
    struct("seen", { raw: u64, index: u32, at: u32, size: u32, problem: u32 }),
    MAX_VALUES,
  ),
  data: bytesRest(),
});
type Event = Infer<typeof Event>;

/** Stores in the kernel side's map what to show of each function. */
function tellFunctions(bpf: Bpf, traced: readonly Traced[], stack: boolean): void {
  const functions = bpf.map("functions", u32, Func);
  for (const [i, each] of traced.entries()) {
    const values = each.shown.map((
      { compared, argument, offset, size, kind, comparison, width },
    ) => ({
      compared,
      argument,
      offset,
      size,
      kind,
      comparison,
      width,
    }));
    const empty = Array.from({ length: MAX_VALUES - values.length }, () => NOTHING);
    functions.set(i, {
      count: values.length,
      flags: flagsOf(each, stack && traced.length > 1 ? [i, traced.length] : undefined),
      values: [...values, ...empty],
    });
  }
}

/** The values of an event, each with its description. */
function seenIn({ values, count, data }: Event, traced: Traced | undefined): Seen[] {
  return values.slice(0, count).flatMap(({ raw, index, at, size, problem }) => {
    const shown = traced?.shown[index];
    return shown ? [{ shown, raw, bytes: data.subarray(at, at + size), problem }] : [];
  });
}

const ksnoop = defineTool({
  name: "ksnoop",
  summary: "Trace entry and return of kernel functions, with values of their parameters.",
  examples: [
    ["ksnoop info ip_send_skb", "what it takes and returns"],
    ["ksnoop trace ip_send_skb", "entries with all parameters, and returns"],
    ["ksnoop 'ip_send_skb(skb, return)'", "one parameter and the result"],
    ["ksnoop 'ip_send_skb(skb->len > 128, skb)'", "of packets of more than 128 bytes"],
    ["ksnoop -s udp_sendmsg ip_send_skb", "where the one leads to the other"],
  ],
  object,
  options,
  sample: false, // it traces chosen functions
  plan(values, machine) {
    const [first = "", ...rest] = values.functions;
    const command = ["trace", "info"].find((each) => each === first);
    const words = command ? rest : values.functions;
    if (words.length === 0) throw new UsageError("expected functions: ksnoop trace ip_send_skb");
    if (words.length > MAX_FUNCTIONS) {
      throw new UsageError(`at most ${MAX_FUNCTIONS} functions can be traced`);
    }
    const specs = words.map(parseSpec);
    if (command === "info") {
      const text = () =>
        withKernelBtf((btf) => specs.map(({ name }) => declaration(btf, name)).join("\n"));
      return { text };
    }
    const has = machine.hasHook("kprobe");
    if (has.answer === "no") {
      throw new UnsupportedError("trace functions of the kernel", "kprobe", has.reason ?? "");
    }
    let traced: readonly Traced[] = [];
    const nameOf = (event: Event) => specs[event.function]?.name ?? "?";
    const seen = (event: Event) => seenIn(event, traced[event.function]);
    const settings = filterSettings(values);
    return eventPlan(Event, {
      load: settings,
      prepare(bpf) {
        traced = specs.map((spec) => resolve(kernelBtf(), spec));
        tellFunctions(bpf, traced, values.stack);
      },
      attach(bpf) {
        const names = traced.map(({ name }) => name);
        return Promise.resolve([
          bpf.program("leave").attachKretprobe(names),
          bpf.program("enter").attachKprobe(names),
        ]);
      },
      columns: [
        { head: "TIME", width: 16, align: "right", value: ({ time }) => time },
        { head: "CPU", width: 4, align: "right", value: ({ cpu }) => cpu },
        (values.verbose || values.json) && {
          head: "NAMESPACE",
          width: 8,
          align: "right",
          value: ({ namespace }) => namespace,
        },
        { head: "PID", width: 8, align: "right", value: ({ who }) => who.pid },
        (values.verbose || values.json) && commColumn(16),
        {
          head: "FUNCTION/ARGS",
          key: "function",
          value: nameOf,
          text: (event) => `${nameOf(event)}(`,
        },
        values.json && { head: "AT", value: ({ is_return }) => is_return ? "return" : "entry" },
        values.json && {
          head: "VALUES",
          member: "any",
          value: (event) => seen(event).map((seen) => valueText(kernelBtf(), seen)),
        },
      ],
      below(event) {
        const blocks = seen(event).map((seen) => valueBlock(kernelBtf(), seen));
        const lines = blocks.flatMap((block, i) =>
          i < blocks.length - 1 ? [...block.slice(0, -1), `${block.at(-1)},`] : block
        );
        return [...lines.map((line) => `${INDENT}    ${line}`), `${INDENT});`];
      },
    });
  },
});

export default ksnoop;

if (import.meta.main) await main(ksnoop);
