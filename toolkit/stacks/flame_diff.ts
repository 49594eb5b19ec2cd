/**
 * Differential flame graphs: two runs compared.
 *
 * @module
 */

import { escapeText } from "../output/escape.ts";
import type { FlameGraph, FlameNode, FlameStack } from "./flame_graph.ts";

/** Limit on the lines that list boxes of the earlier run only. */
const MOST_GONE = 12;
const KERNEL_MARK = /_\[k\]$/;

interface Gone {
  readonly path: string;
  readonly before: number;
}

/** Boxes that only the earlier run has, without their descendants. */
function goneBoxes(node: FlameNode, path: readonly string[]): Gone[] {
  const { value, before = 0 } = node;
  if (value === 0) return before > 0 ? [{ path: path.join(";"), before }] : [];
  return node.children.flatMap((child) => goneBoxes(child, [...path, child.name]));
}

/** Lines that list the stacks of the earlier run only, after a heading; none if there are none. */
export function goneLines({ root, unit }: FlameGraph): string[] {
  const gone = goneBoxes(root, []).sort((a, b) => b.before - a.before);
  if (gone.length === 0) return [];
  const rest = gone.slice(MOST_GONE);
  return [
    "Gone since the earlier run:",
    ...gone.slice(0, MOST_GONE).map(({ path, before }) => `${before} ${unit}: ${path}`),
    ...rest.length === 0
      ? []
      : [`and ${rest.reduce((sum, { before }) => sum + before, 0)} ${unit} in ${rest.length} more`],
  ];
}

/** An address without a symbol: it differs from run to run. */
const ADDRESS = /^0x[0-9a-f]+$/;

const plain = (name: string) =>
  ADDRESS.test(name) ? "[unknown]" : escapeText(name.replaceAll(";", ":"));

/**
 * Stacks as they would be read back from folded output: escaped, with colons for semicolons, and
 * without kinds.
 */
export function comparable(stacks: readonly FlameStack[]): FlameStack[] {
  return stacks.map(({ frames, value }) => ({
    frames: frames.map(({ name }) => ({ name: plain(name), kind: "user" as const })),
    value,
  }));
}

/**
 * The stacks of folded output, {@linkcode comparable} ones: a line for each, `comm;main;read 3`.
 *
 * Functions of the kernel may be marked, as `vfs_read_[k]`, and there may be delimiters.
 *
 * @throws {SyntaxError} for a line that is none
 */
export function parseFolded(text: string): FlameStack[] {
  const stacks: FlameStack[] = [];
  text.split("\n").forEach((line, i) => {
    if (line === "") return;
    const [, names, value] = /^(.+) (\d+)$/.exec(line) ?? [];
    if (names === undefined) throw new SyntaxError(`line ${i + 1} is no folded stack`);
    const frames = names.split(";").filter((name) => name !== "-")
      .map((name) => ({ name: name.replace(KERNEL_MARK, ""), kind: "user" as const }));
    stacks.push({ frames, value: Number(value) });
  });
  return comparable(stacks);
}
