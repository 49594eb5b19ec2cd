/**
 * Stacks summed as a tree, which grows with each report.
 *
 * @module
 */

import type { FlameKind } from "../../stacks/flame_colors.ts";

/** Limit on boxes: a page shows a few thousand. */
export const MAX_NODES = 60_000;

/** A box. */
export interface StackNode {
  readonly name: string;
  readonly kind: FlameKind;
  readonly children: Map<string, StackNode>;
  /** The sum of all reports. */
  total: number;
  /** The sum of the latest report. */
  latest: number;
  /** The sum when the mark was set. */
  marked: number;
}

/** A frame of a stack. */
export interface StackFrame {
  readonly name: string;
  readonly kind: FlameKind;
}

const nodeOf = (name: string, kind: FlameKind): StackNode => ({
  name,
  kind,
  children: new Map(),
  total: 0,
  latest: 0,
  marked: 0,
});

/** Which sum the widths show. */
export type Measure = "all" | "latest" | "marked" | "change";

/** Stacks of all reports. */
export class StackTree {
  readonly root: StackNode = nodeOf("all", "comm");
  /** When the mark was set. */
  markTime: number | undefined;
  #nodes = 1;

  /** How many boxes there are. */
  get size(): number {
    return this.#nodes;
  }

  /** A report begins. @param isCumulative whether it covers the time since the start */
  begin(isCumulative: boolean): void {
    each(this.root, (node) => {
      node.latest = 0;
      if (isCumulative) node.total = 0;
    });
  }

  /** Adds a stack, outermost frame first. */
  add(frames: readonly StackFrame[], value: number): void {
    let node = this.root;
    this.#grow(node, value);
    for (const { name, kind } of frames) {
      const key = `${kind} ${name}`;
      let next = node.children.get(key);
      if (!next) {
        if (this.#nodes >= MAX_NODES) return;
        this.#nodes++;
        node.children.set(key, next = nodeOf(name, kind));
      }
      this.#grow(next, value);
      node = next;
    }
  }

  #grow(node: StackNode, value: number): void {
    node.total += value;
    node.latest += value;
  }

  /** Sets the mark: the present sums become those before it. */
  mark(time: number): void {
    this.markTime = time;
    each(this.root, (node) => node.marked = node.total);
  }
}

function each(node: StackNode, act: (node: StackNode) => void): void {
  act(node);
  for (const child of node.children.values()) each(child, act);
}

/** How wide a box is. */
export function valueOf(node: StackNode, measure: Measure): number {
  if (measure === "all") return node.total;
  return measure === "latest" ? node.latest : Math.max(node.total - node.marked, 0);
}

/** The stack of a record, outermost frame first; undefined if it has none. */
export function framesOf(
  record: Readonly<Record<string, unknown>>,
  names: readonly string[],
): StackFrame[] | undefined {
  const part = (member: string, kind: FlameKind): StackFrame[] | undefined => {
    const indices = record[member];
    if (!Array.isArray(indices)) return indices === null ? [missing(kind)] : undefined;
    return indices.map((index) => ({ name: names[index as number] ?? "?", kind })).reverse();
  };
  const [user, kernel] = [part("user", "user"), part("kernel", "kernel")];
  const stack = part("stack", "user");
  if (!user && !kernel && !stack) return undefined;
  const head = record.comm ?? record.target;
  return [
    ...typeof head === "string" ? [{ name: head, kind: "comm" as const }] : [],
    ...user ?? [],
    ...kernel ?? [],
    ...stack ?? [],
  ];
}

const missing = (kind: FlameKind): StackFrame => ({ name: `[missed ${kind} stack]`, kind });

const UNITS = ["samples", "usecs", "bytes", "allocs", "count"];

/** What is summed by a record's stack: the member's name. */
export const unitOf = (record: Readonly<Record<string, unknown>>): string | undefined =>
  UNITS.find((name) => typeof record[name] === "number");
