/**
 * Texts about a recording: what it holds, and what is missing in it.
 *
 * @module
 */

import { escapeText } from "../../toolkit/output/escape.ts";
import type { Missing, Recording } from "../../toolkit/recording/recording.ts";
import { turn } from "../../toolkit/recording/replay.ts";

/** What is missing, in one line; undefined if nothing is. */
export function missingText(
  { records, bytes, lines, hasEnd, dropped }: Missing,
): string | undefined {
  const parts = [
    records > 0 && `${records} records are in blocks that are damaged or missing`,
    bytes > 0 && `${bytes} bytes belong to no whole block`,
    lines > 0 && `${lines} lines cannot be read`,
    !hasEnd && "the end is missing: the tool was killed, or the file is cut",
    dropped > 0 && `${dropped} records had no room when they were recorded`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? undefined : parts.join("; ");
}

/** The lines of `--about`: what is recorded, and how much. Reads the whole recording. */
export async function aboutLines(recording: Recording): Promise<string[]> {
  let records = 0;
  let [first, last] = [Infinity, -Infinity];
  for (const lines of recording.blocks()) {
    for (const line of lines) {
      if (!("at" in line)) continue;
      first = Math.min(first, line.at);
      last = Math.max(last, line.at);
      if ("row" in line) records++;
    }
    await turn();
  }
  const { head } = recording;
  const called = head && [head.tool, ...head.arguments].join(" ");
  const day = (time: number) => new Date(time).toISOString();
  return [
    ...head
      ? [
        `tool:     ${called} (ts-bcc ${head.version})`,
        `machine:  ${head.host}, Linux ${head.kernel}`,
        `started:  ${isTime(head.started) ? day(head.started) : "?"}`,
      ]
      : ["the head is damaged: nothing tells what this is"],
    `records:  ${records}` +
    (isTime(first) && isTime(last) ? `, ${day(first)} to ${day(last)}` : ""),
    `missing:  ${missingText(recording.missing) ?? "nothing"}`,
  ].map((line) => escapeText(line));
}

/** Whether a Date can hold this time (ECMAScript: ±8.64e15 ms since 1970). */
const isTime = (time: number) => Math.abs(time) < 8.64e15;
