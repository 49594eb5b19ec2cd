/**
 * Diagnostics on standard error. No other part of a tool writes there.
 *
 * @module
 */

import { escapeText } from "./escape.ts";

/** Whether the terminal's last line is to be replaced. */
let hasProgress = false;
const CLEAR_LINE = "\r\x1b[K";

/** Tells a sentence in the tool's name; what could disturb a terminal is escaped. */
export function complain(tool: string, sentence: string): void {
  clearProgress();
  console.error(escapeText(`${tool}: ${sentence}`));
}

/** Tells a text of lines, such as a program's source; each is escaped but for its tabs. */
export function complainLines(text: string): void {
  clearProgress();
  console.error(
    text.split("\n").map((line) => line.split("\t").map(escapeText).join("\t")).join("\n"),
  );
}

/** Tells something that is no complaint: not by console.error, which Bun prints in red. */
export function remark(sentence: string): void {
  clearProgress();
  process.stderr.write(`${escapeText(sentence)}\n`);
}

/**
 * Does what may take long. A person at a terminal sees meanwhile what it is; nobody else does.
 *
 * @param what `compiling`
 */
export function withProgress<T>(tool: string, what: string, work: () => T): T {
  if (!process.stderr.isTTY) return work();
  process.stderr.write(`${CLEAR_LINE}${escapeText(`${tool}: ${what} …`)}`);
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
  process.stderr.write(CLEAR_LINE);
}
