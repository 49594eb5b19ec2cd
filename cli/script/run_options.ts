/**
 * The command line of `ts-bcc run`.
 *
 * @module
 */

import {
  argument,
  flag,
  helpText,
  list,
  type Names,
  number,
  parseOptions,
  text,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import { filterOptions, standardOptions } from "../../toolkit/options/standard_options.ts";
import { checkStackFiles } from "../../toolkit/stacks/stack_files.ts";
import { stackOptions } from "../../toolkit/stacks/stack_options.ts";

const { pid } = filterOptions;
const { duration, json, help } = standardOptions;
const { svg, html, outputs, compare, stackSize } = stackOptions;

/** `-e`: programs on the command line instead of a file. */
export const expression = list({
  short: "e",
  long: "expression",
  meta: "TEXT",
  help: "programs, separated by commas, instead of a file",
});

const OPTIONS = {
  expression,
  pid,
  command: text({
    short: "c",
    long: "command",
    meta: "COMMAND",
    help: "run a command, split at spaces, and trace only it",
  }),
  duration,
  interval: number({
    short: "i",
    long: "interval",
    meta: "SECONDS",
    help: "show maps at this interval, of counts what is new",
    what: "an interval in seconds",
    min: 0.001,
    max: 2147483,
    fraction: true,
  }),
  top: number({
    short: "n",
    long: "top",
    meta: "ENTRIES",
    help: "show the greatest entries of each map only",
    what: "a number of entries",
    min: 1,
    max: 1 << 24,
  }),
  folded: flag({
    long: "folded",
    help: "show stacks in one line each, for flame graphs",
  }),
  svg,
  html,
  outputs,
  compare,
  stackSize,
  json,
  help,
} as const;

/** The help of `ts-bcc run`. */
export const runHelp = (): string =>
  helpText({
    name: "ts-bcc run",
    summary:
      "Run a script of one file, or a one-liner, that traces the kernel. See docs/typescript.md.",
    examples: [
      [
        `ts-bcc run -e 'tracepoint("sched/sched_process_exec", (e) => print(pid(), e.filename))'`,
        "programs that are executed",
      ],
      [
        `ts-bcc run -e 'tracepoint("raw_syscalls/sys_enter", () => calls.increment(comm()))' -i 1 -n 10`,
        "the ten programs with the most system calls, every second",
      ],
      ["ts-bcc run script.ts one two", "a script, with words of its own"],
    ],
  }, { ...OPTIONS, file: argument(text({ long: "FILE", meta: "FILE", help: "the script" })) });

/** The values of the options of `ts-bcc run`. */
export type RunOptions = Values<typeof OPTIONS>;

/** The options, the script, and the script's own arguments. @throws {UsageError} */
export function parseRun(words: readonly string[]): {
  readonly values: RunOptions;
  readonly file: string | undefined;
  readonly rest: readonly string[];
} {
  const { own, file, rest } = splitWords(words);
  const values = parseOptions(OPTIONS, own);
  if (values.help) return { values, file, rest };
  if (values.expression.length > 0 === (file !== undefined)) {
    throw new UsageError("run needs a FILE, or programs behind -e");
  }
  if (values.pid !== undefined && values.command !== undefined) {
    throw new UsageError("use either -p/--pid or -c/--command, not both");
  }
  if (values.json && values.folded) throw new UsageError("use either --json or --folded");
  checkStackFiles(values);
  return { values, file, rest };
}

const optionOf = (word: string): Names & { meta?: string } | undefined =>
  Object.values<Names & { meta?: string }>(OPTIONS).find(({ short, long }) =>
    word === `-${short}` || word === `--${long}`
  );

/** Whether an argument is an option of `ts-bcc run`. */
export const isRunOption = (word: string): boolean => optionOf(word) !== undefined;

/** Splits the arguments: options of run and the file, then the script's own arguments. */
function splitWords(words: readonly string[]) {
  const takesValue = (word: string) => optionOf(word)?.meta !== undefined;
  let i = 0;
  while (i < words.length && words[i]!.startsWith("-") && words[i] !== "-") {
    i += takesValue(words[i]!) ? 2 : 1;
  }
  return { own: words.slice(0, i), file: words[i], rest: words.slice(i + 1) };
}
