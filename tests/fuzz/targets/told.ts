/**
 * Fuzz targets: readers of interpreters' memory, and of data that servers and web pages send.
 *
 * @module
 */

import { pythonLine } from "../../../toolkit/stacks/python_lines.ts";
import { rejectedIn } from "../../../toolkit/otlp/sender.ts";
import { splitWords } from "../../../toolkit/web/split_words.ts";
import { type AnyTarget, must, type Target } from "../target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const python: Target<Bytes> = {
  name: "python-lines",
  what: "source lines of a code object of Python (co_linetable)",
  samples: () => [
    {
      value: Uint8Array.of(
        0x80,
        0,
        0xd8,
        4,
        9,
        0xe8,
        0x41,
        0x05,
        0xf0,
        2,
        1,
        1,
        1,
        0xff,
        0xd9,
        1,
        1,
      ),
    },
    { value: Uint8Array.of(0xf7, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x3f, 0, 0, 0) },
  ],
  run(table) {
    for (const instruction of [0, 1, 7, 100, 2 ** 31]) {
      const line = pythonLine(table, 12, instruction);
      must(line === undefined || Number.isSafeInteger(line), `line ${line}`);
    }
  },
};

const answer: Target<Bytes> = {
  name: "otlp-answer",
  what: "what a collector answers: how many records it rejected",
  samples: () => [
    { value: Uint8Array.of(0x0a, 0x02, 0x08, 0x07) },
    { value: Uint8Array.of(0x0a, 0x0c, 0x08, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x12, 2, 0x6e, 0x6f) },
  ],
  run: (bytes) => must(Number.isSafeInteger(rejectedIn(bytes)), "a count is no whole number"),
};

const line: Target<string> = {
  name: "page-line",
  what: "arguments that are typed into the page",
  samples: () =>
    [`opensnoop -n "a b" -x`, `trace 't:sched:sched_process_exec "%s", args->filename'`, `a\\ b ""`]
      .map((value) => ({ value })),
  words: ["'", '"', "\\", " ", "\t", "\u2028", "$(id)", "\0"],
  run(text) {
    const words = splitWords(text);
    if (typeof words === "string") return must(/^the quote ['"] has no end$/.test(words), words);
    const length = words.reduce((sum, word) => sum + word.length, 0);
    must(length <= text.length, "there is more than was typed");
  },
};

/** In the order in which they run. */
export const TOLD_TARGETS: readonly AnyTarget[] = [python, answer, line];
