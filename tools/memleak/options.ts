/**
 * The options of memleak.
 *
 * @module
 */

import {
  flag,
  longOnly,
  number,
  type Option,
  text,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import { checkStackFiles, stackFiles } from "../../toolkit/stacks/stack_files.ts";
import { sizeOption, stackOptions } from "../../toolkit/stacks/stack_options.ts";
import { walkOptions } from "../../toolkit/stacks/stack_walk.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  intervalArgumentsEvery,
} from "../../toolkit/options/standard_options.ts";

/** Default values. */
export const DEFAULTS = { seconds: 5, olderMs: 500, top: 10, object: "c" } as const;

const bytes = { meta: "SIZE", what: "a size in bytes", min: 0, max: Number.MAX_SAFE_INTEGER };
const many = { min: 1, max: Number.MAX_SAFE_INTEGER };

const sort: Option<"size" | "count"> = {
  long: "sort",
  meta: "KEY",
  help: "report sorted in given key: size, count (default size)",
  initial: "size",
  parse(value) {
    if (value === "size" || value === "count") return value;
    throw new UsageError("expected size or count");
  },
};

/** The command is split at blanks, as in bcc's tool; there is no quoting as in a shell. */
const command: Option<readonly string[] | undefined> = {
  short: "c",
  long: "command",
  meta: "COMMAND",
  help: "execute and trace the specified command, one word here: -c './app --fast'",
  initial: undefined,
  parse(value) {
    const words = value.split(/\s+/).filter((word) => word !== "");
    if (words.length > 0) return words;
    throw new UsageError("expected a command");
  },
};

/** Without --timelines: in memleak --output writes stacks. */
const { timelines: _, ...ownEventOptions } = eventOptions;

/** All options. */
export const leakOptions = {
  pid: { ...filterOptions.pid, help: "the PID to trace; if not specified, trace kernel allocs" },
  exec: command,
  trace: flag({ short: "t", long: "trace", help: "print each call that allocates or frees" }),
  showAllocations: flag({
    short: "a",
    long: "show-allocs",
    help: "show allocation addresses and sizes as well as call stacks",
  }),
  older: number({
    short: "o",
    long: "older",
    meta: "OLDER",
    help: `prune allocations younger than this age in milliseconds (default ${DEFAULTS.olderMs})`,
    what: "an age in milliseconds",
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  }),
  combinedOnly: flag({
    long: "combined-only",
    help: "show combined allocation statistics only, which the kernel sums; not with -o and -a",
  }),
  missingFree: flag({
    long: "wa-missing-free",
    help: "let an allocation free what was at its place, if that was not seen: always done",
  }),
  sampleRate: number({
    short: "s",
    long: "sample-rate",
    meta: "SAMPLE_RATE",
    help: "sample every N-th allocation to decrease the overhead",
    what: "a number of allocations",
    ...many,
  }),
  top: number({
    short: "T",
    long: "top",
    meta: "TOP",
    help: `display only this many top allocating stacks (by size, default ${DEFAULTS.top})`,
    what: "a number of stacks",
    ...many,
  }),
  least: number({
    short: "z",
    long: "min-size",
    help: "capture only allocations larger than or equal to this size",
    ...bytes,
  }),
  most: number({
    short: "Z",
    long: "max-size",
    help: "capture only allocations smaller than or equal to this size",
    ...bytes,
  }),
  object: text({
    short: "O",
    long: "obj",
    meta: "OBJ",
    help: `attach to allocator functions in the specified object (default ${DEFAULTS.object})`,
  }),
  percpu: flag({ long: "percpu", help: "trace percpu allocations" }),
  sort,
  prefix: text({
    long: "symbols-prefix",
    meta: "PREFIX",
    help: "what the names of the allocator's functions begin with: je_",
  }),
  folded: stackOptions.folded,
  stackSize: stackOptions.stackSize,
  allocationSize: sizeOption("alloc-storage-size", "allocations outstanding at a time", 1000000),
  svg: stackOptions.svg,
  html: stackOptions.html,
  outputs: longOnly(stackOptions.outputs),
  compare: stackOptions.compare,
  ...walkOptions,
  ...intervalArgumentsEvery(DEFAULTS.seconds),
  ...containerOptions,
  ...ownEventOptions,
} as const;
/** The values of {@linkcode leakOptions}. */
export type LeakSettings = Values<typeof leakOptions>;

/** @throws {UsageError} when options contradict each other */
export function checkLeakOptions(
  { pid, exec, percpu, least = 0, most = Infinity, ...values }: LeakSettings,
): void {
  if (pid !== undefined && exec) throw new UsageError("use either -p/--pid or -c/--command");
  if (percpu && (pid !== undefined || exec)) {
    throw new UsageError("--percpu is of the kernel: use it without -p/--pid and -c/--command");
  }
  if (least > most) throw new UsageError("-z/--min-size cannot be greater than -Z/--max-size");
  const { combinedOnly, showAllocations, older } = values;
  if (combinedOnly && (showAllocations || older !== undefined)) {
    throw new UsageError("--combined-only goes without -a/--show-allocs and -o/--older");
  }
  checkStackFiles(values);
  if (values.trace && (values.folded || stackFiles(values).length > 0)) {
    throw new UsageError(
      "-t/--trace shows no stacks: use it without -f, --svg, --html and --output",
    );
  }
}
