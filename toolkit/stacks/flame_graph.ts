/**
 * Flame graphs as SVG: stacks merged from the root, boxes as wide as their sums.
 *
 * The outermost call is at the top, so that the widest boxes are seen first, however deep stacks
 * are. Boxes next to each other are in the order of their names, not
 * of time. No library draws them: one that does is larger than a whole tool here.
 *
 * @module
 */

import { escapeText } from "../output/escape.ts";
import { changeColor, flameColor, type FlameKind, LEGEND } from "./flame_colors.ts";
import { goneLines } from "./flame_diff.ts";

/** A stack, outermost frame first, and its weight. */
export interface FlameStack {
  readonly frames: readonly { readonly name: string; readonly kind: FlameKind }[];
  readonly value: number;
  /** Its samples by slice of time. */
  readonly heat?: ReadonlyMap<number, number> | undefined;
}

/** How slices of time are numbered: slice 0 begins at `start`. */
export interface HeatClock {
  /** The length of a slice in milliseconds, which divides a second. */
  readonly sliceMs: number;
  /** In milliseconds since 1970: when the machine booted, about. */
  readonly start: number;
}

/** A box, with the boxes of the functions that it calls. */
export interface FlameNode {
  /** Safe to show: control bytes are escaped. */
  readonly name: string;
  readonly kind: FlameKind;
  /** The sum of this box. */
  readonly value: number;
  /** The sum in the earlier run, if two are compared; a box may exist in that run only. */
  readonly before?: number;
  readonly children: readonly FlameNode[];
  /** Samples by slice of time of the stacks that end here. */
  readonly heat?: ReadonlyMap<number, number>;
}

/** A flame graph: its boxes, title and unit. */
export interface FlameGraph {
  readonly title: string;
  /** What values are: `samples`. */
  readonly unit: string;
  readonly root: FlameNode;
  /** Present if boxes have heat. */
  readonly clock?: HeatClock | undefined;
}

/** What a graph is made with. */
export interface FlameOptions extends Pick<FlameGraph, "title" | "unit" | "clock"> {
  /** Stacks of an earlier run to compare with. */
  readonly earlier?: Iterable<FlameStack> | undefined;
}

interface Growing {
  readonly name: string;
  readonly kind: FlameKind;
  value: number;
  before: number;
  heat?: Map<number, number>;
  readonly byName: Map<string, Growing>;
}

const growing = (name: string, kind: FlameKind): Growing => ({
  name,
  kind,
  value: 0,
  before: 0,
  byName: new Map(),
});

/** Merges stacks. */
export function flameGraph(
  stacks: Iterable<FlameStack>,
  { title, unit, earlier, clock }: FlameOptions,
): FlameGraph {
  const root = growing("all", "comm");
  for (const stack of stacks) grow(root, stack, "value");
  for (const stack of earlier ?? []) grow(root, stack, "before");
  return { title: escapeText(title), unit, root: settled(root, earlier !== undefined), clock };
}

function grow(root: Growing, { frames, value, heat }: FlameStack, run: "value" | "before"): void {
  root[run] += value;
  let node = root;
  for (const { name, kind } of frames) {
    const key = `${kind} ${name}`;
    let next = node.byName.get(key);
    if (!next) node.byName.set(key, next = growing(escapeText(name), kind));
    next[run] += value;
    node = next;
  }
  if (!heat) return;
  node.heat ??= new Map();
  for (const [slice, count] of heat) node.heat.set(slice, (node.heat.get(slice) ?? 0) + count);
}

/**
 * A finished box. Children are sorted by code units, so that the same stacks give the same picture
 * on any machine.
 */
function settled({ byName, before, ...node }: Growing, isCompared: boolean): FlameNode {
  const children = [...byName.values()].map((child) => settled(child, isCompared));
  children.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return { ...node, ...isCompared ? { before } : {}, children };
}

const ROW = 18;
const WIDTH = 1200;
const MARGIN = 10;
const TOP = 40;
/** Width of a character of the font, at 12 pixels. */
const CHARACTER = 7.25;
/** Boxes that are narrower cannot be seen. */
const NARROWEST = 0.8;

/** A box's colour: by what it is, or where two runs are compared, by how it changed. */
export function boxColor({ name, kind, value, before }: FlameNode): string {
  return before === undefined ? flameColor(name, kind) : changeColor(value, before);
}

const share = (part: number, all: number) => `${(all === 0 ? 0 : part / all * 100).toFixed(1)}%`;

/** `main (45 samples, 90.0%)`, or `main (45 samples, 90.0%; before: 30, 75.0%)` */
export function flameLabel({ name, value, before }: FlameNode, { root, unit }: FlameGraph): string {
  const earlier = before === undefined
    ? ""
    : `; before: ${before}, ${share(before, root.before ?? 0)}`;
  return `${name} (${value} ${unit}, ${share(value, root.value)}${earlier})`;
}

/** `profile: 100 samples`, or `profile: 100 samples, before: 80` */
export function flameHeading({ title, unit, root }: FlameGraph): string {
  return `${title}: ${root.value} ${unit}` +
    (root.before === undefined ? "" : `, before: ${root.before}`);
}

const NAMES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for XML and HTML. */
export const escapeMarkup = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => NAMES[character]!);

/** The graph as one self-contained SVG: pointing at a box shows its label. */
export function flameSvg(graph: FlameGraph): string {
  const { root } = graph;
  const scale = (WIDTH - 2 * MARGIN) / Math.max(root.value, 1);
  const depth = depthOf(root, NARROWEST / scale);
  const bottom = TOP + depth * ROW + MARGIN;
  const notes = root.before === undefined ? [] : notesAt(bottom + ROW, graph);
  const height = bottom + (notes.length > 0 ? notes.length * ROW + MARGIN : 0);
  const boxes: string[] = [];
  const draw = (node: FlameNode, level: number, start: number) => {
    const width = node.value * scale;
    if (width < NARROWEST) return;
    boxes.push(box(node, graph, MARGIN + start * scale, TOP + level * ROW, width));
    for (const child of node.children) {
      draw(child, level + 1, start);
      start += child.value;
    }
  };
  draw(root, 0, 0);
  const heading = escapeMarkup(flameHeading(graph));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${WIDTH / 2}" y="24" text-anchor="middle" font-size="16">${heading}</text>`,
    ...boxes,
    ...notes,
    "</svg>\n",
  ].join("\n");
}

/** The legend of the colours, and the stacks of the earlier run only: one element for each line. */
function notesAt(y: number, graph: FlameGraph): string[] {
  const legend = LEGEND.map(({ text, color }, i) => {
    const x = MARGIN + i * 180;
    return `<rect x="${x}" y="${y - 11}" width="14" height="14" rx="2" fill="${color}"/>` +
      `<text x="${x + 20}" y="${y}">${text}</text>`;
  });
  const lines = goneLines(graph).map((line, i) => {
    const text = escapeMarkup(fitted(line, WIDTH - 2 * MARGIN));
    return `<text x="${MARGIN}" y="${y + (i + 1) * ROW}">${text}</text>`;
  });
  return [legend.join(""), ...lines];
}

/** The greatest depth of boxes with at least this value. */
const depthOf = ({ children }: FlameNode, least: number): number =>
  1 + Math.max(0, ...children.map((child) => child.value < least ? 0 : depthOf(child, least)));

function box(node: FlameNode, graph: FlameGraph, x: number, y: number, width: number): string {
  const rect =
    `<rect x="${x.toFixed(2)}" y="${y}" width="${Math.max(width - 0.5, 0.1).toFixed(2)}" ` +
    `height="${ROW - 1}" rx="2" fill="${boxColor(node)}"/>`;
  const text = fitted(node.name, width);
  const label = text === ""
    ? ""
    : `<text x="${(x + 3).toFixed(2)}" y="${y + 13}">${escapeMarkup(text)}</text>`;
  return `<g><title>${escapeMarkup(flameLabel(node, graph))}</title>${rect}${label}</g>`;
}

/** As much of a name as a box has room for. */
function fitted(name: string, width: number): string {
  const room = Math.floor((width - 6) / CHARACTER);
  const characters = [...name];
  if (characters.length <= room) return name;
  return room < 3 ? "" : characters.slice(0, room - 1).join("") + "…";
}
