/**
 * Flame graphs: stacks that begin alike share boxes, whose widths are what was summed on them.
 *
 * The outermost call is at the top, so that the widest boxes are seen first, however deep stacks
 * are. Boxes next to each other are in the order of their names, not
 * of time. No library draws them: one that does is larger than a whole tool here.
 *
 * @module
 */

import { escapeText } from "./escape.ts";

/** What a box stands for: the process, a function of its own, or one of the kernel. */
export type FlameKind = "comm" | "user" | "kernel";

/** A stack, outermost frame first, and its weight. */
export interface FlameStack {
  readonly frames: readonly { readonly name: string; readonly kind: FlameKind }[];
  readonly value: number;
}

/** A box, and those above it. */
export interface FlameNode {
  /** Safe to show: control bytes are escaped. */
  readonly name: string;
  readonly kind: FlameKind;
  /** The sum of this box. */
  readonly value: number;
  readonly children: readonly FlameNode[];
}

/** A flame graph's boxes and what they say. */
export interface FlameGraph {
  readonly title: string;
  /** What values are: `samples`. */
  readonly unit: string;
  readonly root: FlameNode;
}

interface Growing {
  readonly name: string;
  readonly kind: FlameKind;
  value: number;
  readonly byName: Map<string, Growing>;
}

const growing = (name: string, kind: FlameKind): Growing => ({
  name,
  kind,
  value: 0,
  byName: new Map(),
});

/** Merges stacks. */
export function flameGraph(
  stacks: Iterable<FlameStack>,
  { title, unit }: { readonly title: string; readonly unit: string },
): FlameGraph {
  const root = growing("all", "comm");
  for (const { frames, value } of stacks) {
    root.value += value;
    let node = root;
    for (const { name, kind } of frames) {
      const key = `${kind} ${name}`;
      let next = node.byName.get(key);
      if (!next) node.byName.set(key, next = growing(escapeText(name), kind));
      next.value += value;
      node = next;
    }
  }
  return { title: escapeText(title), unit, root: settled(root) };
}

/** By code units, so that the same stacks make the same picture everywhere. */
function settled({ name, kind, value, byName }: Growing): FlameNode {
  const children = [...byName.values()].map(settled);
  children.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return { name, kind, value, children };
}

const ROW = 18;
const WIDTH = 1200;
const MARGIN = 10;
const TOP = 40;
/** Of the font, at 12 pixels. */
const CHARACTER = 7.25;
/** Boxes that are narrower cannot be seen. */
const NARROWEST = 0.8;

/** Warm colours for programs, blue ones for the kernel; one name has one colour everywhere. */
export function flameColor(name: string, kind: FlameKind): string {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619) >>> 0;
  const shade = hash % 32;
  if (kind === "comm") return "hsl(90 15% 78%)";
  return kind === "kernel"
    ? `hsl(${195 + shade} 60% ${70 + hash % 9}%)`
    : `hsl(${16 + shade} 85% ${64 + hash % 9}%)`;
}

/** `main (45 samples, 90.0%)` */
export function flameLabel({ name, value }: FlameNode, { root, unit }: FlameGraph): string {
  const share = root.value === 0 ? 0 : value / root.value * 100;
  return `${name} (${value} ${unit}, ${share.toFixed(1)}%)`;
}

const NAMES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it may stand in XML and HTML. */
export const escapeMarkup = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => NAMES[character]!);

/** The graph as a picture by itself: pointing at a box tells its name. */
export function flameSvg(graph: FlameGraph): string {
  const scale = (WIDTH - 2 * MARGIN) / Math.max(graph.root.value, 1);
  const depth = depthOf(graph.root, NARROWEST / scale);
  const height = TOP + depth * ROW + MARGIN;
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
  draw(graph.root, 0, 0);
  const heading = escapeMarkup(`${graph.title}: ${graph.root.value} ${graph.unit}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${WIDTH / 2}" y="24" text-anchor="middle" font-size="16">${heading}</text>`,
    ...boxes,
    "</svg>\n",
  ].join("\n");
}

/** How many boxes stand on each other at most, of those with at least this value. */
const depthOf = ({ children }: FlameNode, least: number): number =>
  1 + Math.max(0, ...children.map((child) => child.value < least ? 0 : depthOf(child, least)));

function box(node: FlameNode, graph: FlameGraph, x: number, y: number, width: number): string {
  const rect =
    `<rect x="${x.toFixed(2)}" y="${y}" width="${Math.max(width - 0.5, 0.1).toFixed(2)}" ` +
    `height="${ROW - 1}" rx="2" fill="${flameColor(node.name, node.kind)}"/>`;
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
