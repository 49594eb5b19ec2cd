/**
 * The options and help of `ts-bcc replay`.
 *
 * @module
 */

import { destinationOptions } from "../../toolkit/options/destination_options.ts";
import {
  argumentList,
  flag,
  list,
  type Option,
  text,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";

/** The options of `ts-bcc replay`. */
export const replayOptions = {
  files: argumentList({ long: "FILE", help: "a recording; all of its files in any order" }),
  about: flag({ long: "about", help: "print what is recorded, and what of it is missing" }),
  filter: text({
    long: "filter",
    meta: "WORDS",
    help: "replay only what matches, as on the live page: 'comm:bash err>0 -path:/proc'",
  }),
  speed: {
    long: "speed",
    meta: "max|as-it-was",
    help: "how fast (default max)",
    initial: "max",
    parse(value) {
      if (value === "max" || value === "as-it-was") return value;
      throw new UsageError("expected max or as-it-was");
    },
  } satisfies Option<string> as Option<string>,
  json: flag({ long: "json", help: "print one JSON object per line, as the tool did" }),
  output: list({
    short: "o",
    long: "output",
    meta: "FILE",
    help: "write recorded stacks: .svg, .html, .folded, .pb.gz, .speedscope.json, .json",
  }),
  ...destinationOptions,
  help: flag({ short: "h", long: "help", help: "show this help and exit" }),
} as const;

/** The values of {@linkcode replayOptions}. */
export type ReplayValues = Values<typeof replayOptions>;

/** What `--help` prints besides the options. */
export const ABOUT = {
  name: "ts-bcc replay",
  summary: "Shows what a tool has recorded with --record.",
  examples: [
    ["ts-bcc replay opens.rec", "as a table"],
    ["ts-bcc replay --filter 'comm:bash err>0' opens.rec", "only some of it"],
    ["ts-bcc replay --web opens.rec", "on the live page"],
    ["ts-bcc replay --speed as-it-was opens.rec", "with the pauses that there were"],
    ["ts-bcc replay --json opens.rec opens.rec.*", "the lines of --json, of all files"],
    ["ts-bcc replay -o cpu.svg cpu.rec", "a flame graph of recorded stacks"],
    ["ts-bcc replay --record whole.rec opens.rec.*", "one recording of several files"],
  ],
} as const;
