/**
 * Writes stacks in the format of https://www.speedscope.app.
 *
 * @see https://www.speedscope.app/file-format-schema.json
 * @module
 */

import { escapeText } from "../output/escape.ts";
import { frameName } from "./kept_stacks.ts";
import type { StackProfile } from "./stack_files.ts";

/** The units that speedscope knows; all others are "none". */
const UNITS: Readonly<Record<string, string>> = { usecs: "microseconds", bytes: "bytes" };

/** Formats stacks as a JSON document. */
export function speedscopeJson({ tool, unit, stacks }: StackProfile): string {
  const frames: { name: string; file?: string }[] = [];
  const numbers = new Map<string, number>();
  const frameNumber = (name: string, file: string | undefined) => {
    const key = `${name}\0${file ?? ""}`;
    let number = numbers.get(key);
    if (number === undefined) {
      numbers.set(key, number = frames.length);
      frames.push({
        name: escapeText(name),
        ...file === undefined ? {} : { file: escapeText(file) },
      });
    }
    return number;
  };
  const samples = stacks.map(({ comm, frames }) => [
    ...comm === "" ? [] : [frameNumber(comm, undefined)],
    ...frames.map((frame) => {
      const file = frame.symbol?.module ?? (frame.kernel ? "[kernel]" : undefined);
      return frameNumber(frameName(frame), file);
    }),
  ]);
  const weights = stacks.map(({ value }) => value);
  return JSON.stringify({
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: "ts-bcc",
    name: tool,
    activeProfileIndex: 0,
    shared: { frames },
    profiles: [{
      type: "sampled",
      name: `${tool} (${unit})`,
      unit: UNITS[unit] ?? "none",
      startValue: 0,
      endValue: weights.reduce((sum, weight) => sum + weight, 0),
      samples,
      weights,
    }],
  }) + "\n";
}
