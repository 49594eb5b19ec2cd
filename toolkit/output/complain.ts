/**
 * Diagnostics on standard error. No other part of a tool writes there.
 *
 * @module
 */

import { isTerminal, STDERR, writeShort } from "../../plumbing.ts";
import { escapeText } from "./escape.ts";

/** Whether the last line of the terminal shows progress, which the next output replaces. */
let hasProgress = false;
const CLEAR_LINE = "\r\x1b[K";

/** Prints a sentence, prefixed by the tool's name; control characters are escaped. */
export function complain(tool: string, sentence: string): void {
  clearProgress();
  console.error(escapeText(`${tool}: ${sentence}`));
}

/** Prints several lines, such as a program's source; control characters except tabs are escaped. */
export function complainLines(text: string): void {
  clearProgress();
  console.error(
    text.split("\n").map((line) => line.split("\t").map(escapeText).join("\t")).join("\n"),
  );
}

/** Prints a remark that is no error: not by console.error, which Bun prints in red. */
export function remark(sentence: string): void {
  clearProgress();
  tellTerminal(`${escapeText(sentence)}\n`);
}

/**
 * Runs something that may take long. On a terminal, a line shows meanwhile what it is.
 *
 * @param what it does: `compiling`
 */
export function withProgress<T>(tool: string, what: string, work: () => T): T {
  if (!isTerminal(STDERR)) return work();
  tellTerminal(`${CLEAR_LINE}${escapeText(`${tool}: ${what} …`)}`);
  hasProgress = true;
  let isAsync = false;
  try {
    const result = work();
    isAsync = result instanceof Promise;
    return isAsync ? (result as T & Promise<unknown>).finally(clearProgress) as T : result;
  } finally {
    if (!isAsync) clearProgress();
  }
}

function clearProgress(): void {
  if (!hasProgress) return;
  hasProgress = false;
  tellTerminal(CLEAR_LINE);
}

/** Not by `process.stderr`, which costs Bun 5 ms and 2 MiB. */
function tellTerminal(text: string): void {
  try {
    writeShort(STDERR, text);
  } catch {
    // The terminal is gone, or takes no more at the moment: progress may be left out.
  }
}
