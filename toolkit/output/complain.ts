/**
 * What tools tell people on standard error. Nothing else in them writes there.
 *
 * @module
 */

import { escapeText } from "./escape.ts";

/** Tells a sentence in the tool's name; what could disturb a terminal is escaped. */
export function complain(tool: string, sentence: string): void {
  console.error(escapeText(`${tool}: ${sentence}`));
}

/** Tells a text of lines, such as a program's source; each is escaped but for its tabs. */
export function complainLines(text: string): void {
  console.error(
    text.split("\n").map((line) => line.split("\t").map(escapeText).join("\t")).join("\n"),
  );
}

/** Tells something that is no complaint: not by console.error, which Bun prints in red. */
export function remark(sentence: string): void {
  process.stderr.write(`${escapeText(sentence)}\n`);
}
