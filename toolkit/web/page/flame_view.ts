/**
 * A flame graph that is updated with each report.
 *
 * @module
 */

import { changeColor, flameColor, LEGEND } from "../../stacks/flame_colors.ts";
import { clockText, element, soon, wholeText } from "./dom.ts";
import { type Measure, type StackNode, type StackTree, valueOf } from "./stack_tree.ts";

const ROW = 20;
/** Narrower boxes are not drawn. */
const NARROWEST_PX = 1.5;
const MAX_BOXES = 4000;

/** A box with its position. */
interface Place {
  readonly node: StackNode;
  readonly path: readonly StackNode[];
  readonly level: number;
  readonly left: number;
  readonly width: number;
}

const MEASURES: readonly (readonly [measure: Measure, text: string])[] = [
  ["all", "since the start"],
  ["latest", "the latest report"],
  ["marked", "since the mark"],
  ["change", "change since the mark"],
];

/** Shows a tree of stacks. */
export class FlameView {
  readonly node: HTMLElement;
  /** What is summed: `samples`. */
  unit = "samples";
  readonly #tree: StackTree;
  #path: StackNode[];
  #pattern: RegExp | undefined;
  readonly #boxes = new Map<StackNode, HTMLButtonElement>();
  readonly #graph = element("div", { class: "flames", role: "group", "aria-label": "Flame graph" });
  readonly #detail = element("output", { class: "readout" });
  readonly #matched = element("output", { class: "readout" });
  readonly #search = element("input", {
    type: "search",
    id: "search",
    placeholder: "Search functions (a regular expression)",
    "aria-label": "Search functions",
    autocomplete: "off",
    spellcheck: "false",
  });
  readonly #measure = element("select", { id: "measure", "aria-label": "What is shown" });
  readonly #reset = element("button", { type: "button", hidden: true }, "Show all");
  readonly #legend = element("div", { class: "legend", hidden: true });
  readonly #draw = soon(() => this.#drawNow(), 100);
  #pointed: StackNode | undefined;

  /** @param isCumulative whether each report is of all time */
  constructor(tree: StackTree, isCumulative: boolean) {
    this.#tree = tree;
    this.#path = [tree.root];
    for (const [value, text] of MEASURES) {
      if (value === "latest" && isCumulative) continue;
      this.#measure.append(element("option", { value, disabled: needsMark(value) }, text));
    }
    const mark = element(
      "button",
      { type: "button", id: "mark", title: "Tell what comes from now on from what was before (M)" },
      "Set mark",
    );
    mark.addEventListener("click", () => this.mark());
    this.#reset.addEventListener("click", () => this.#zoom([tree.root]));
    this.#measure.addEventListener("change", this.#draw);
    this.#search.addEventListener("input", () => this.#find());
    this.#legend.append(...LEGEND.map(({ text, color }) => {
      const square = element("i");
      square.style.background = color;
      return element("span", {}, square, text);
    }));
    const bar = element(
      "div",
      { class: "bar" },
      this.#search,
      this.#matched,
      element("label", {}, "Show ", this.#measure),
      mark,
      this.#reset,
    );
    this.node = element("div", { class: "stacks" }, bar, this.#legend, this.#graph, this.#detail);
    new ResizeObserver(this.#draw).observe(this.#graph);
  }

  /** Redraws after a report. */
  update(): void {
    this.#draw();
  }

  /** Focuses the search field. */
  focusSearch(): void {
    this.#search.focus();
    this.#search.select();
  }

  /** Sets a mark: from now on the change since the mark is shown. */
  mark(): void {
    this.#tree.mark(Date.now());
    for (const option of this.#measure.options) option.disabled = false;
    this.#measure.value = "change";
    this.#draw();
  }

  /** Zooms out to all stacks; returns whether a part was shown before. */
  showAll(): boolean {
    if (this.#path.length === 1) return false;
    this.#zoom([this.#tree.root]);
    return true;
  }

  #find(): void {
    const text = this.#search.value;
    try {
      this.#pattern = text === "" ? undefined : new RegExp(text, "iu");
      this.#search.setCustomValidity("");
      this.#search.removeAttribute("aria-invalid");
    } catch {
      this.#search.setCustomValidity("This is not a regular expression.");
      this.#search.setAttribute("aria-invalid", "true");
    }
    this.#draw();
  }

  #zoom(path: readonly StackNode[]): void {
    this.#path = [...path];
    this.#draw();
  }

  get #shown(): Measure {
    return this.#measure.value as Measure;
  }

  #value(node: StackNode): number {
    return valueOf(node, this.#shown);
  }

  #drawNow(): void {
    const width = this.#graph.clientWidth;
    if (width === 0) return;
    if (this.#value(this.#path.at(-1)!) === 0) this.#path = [this.#tree.root];
    const places = this.#places(width);
    const isChange = this.#shown === "change";
    this.#legend.hidden = !isChange;
    const levels = Math.max(...places.map(({ level }) => level), 0) + 1;
    this.#graph.style.height = `${levels * ROW}px`;
    const seen = new Set<StackNode>();
    for (const place of places) {
      seen.add(place.node);
      this.#place(this.#boxes.get(place.node) ?? this.#box(place.node), place);
    }
    for (const [node, box] of this.#boxes) {
      if (seen.has(node)) continue;
      box.remove();
      this.#boxes.delete(node);
    }
    // The tab key follows the order in the document: rows from the top, boxes from the left.
    const ordered = places.toSorted((a, b) => a.level - b.level || a.left - b.left);
    ordered.forEach(({ node }, i) => {
      const box = this.#boxes.get(node)!;
      if (this.#graph.children[i] !== box) this.#graph.insertBefore(box, this.#graph.children[i]!);
    });
    this.#reset.hidden = this.#path.length === 1;
    const all = this.#value(this.#tree.root);
    this.#matched.textContent = this.#pattern
      ? `${percent(this.#found(this.#tree.root), all)} match`
      : "";
    this.#describe(this.#pointed);
  }

  /** Lays out the boxes: the ancestors of the zoomed box at full width, then its own subtree. */
  #places(width: number): Place[] {
    const places: Place[] = [];
    const filling = this.#path.at(-1)!;
    const add = (node: StackNode, path: readonly StackNode[], left: number, wide: number) => {
      if (wide < NARROWEST_PX || places.length >= MAX_BOXES) return;
      const own = [...path, node];
      places.push({ node, path: own, level: path.length, left, width: wide });
      const value = this.#value(node);
      const children = [...node.children.values()].sort((a, b) => a.name < b.name ? -1 : 1);
      for (const child of children) {
        const part = value === 0 ? 0 : wide * this.#value(child) / value;
        add(child, own, left, part);
        left += part;
      }
    };
    const way = this.#path.slice(0, -1);
    way.forEach((node, level) => {
      places.push({ node, path: way.slice(0, level + 1), level, left: 0, width });
    });
    add(filling, way, 0, width);
    return places;
  }

  #box(node: StackNode): HTMLButtonElement {
    const box = element("button", { type: "button" }, node.name);
    const point = () => this.#describe(node);
    box.addEventListener("pointerenter", point);
    box.addEventListener("focus", point);
    this.#boxes.set(node, box);
    return box;
  }

  #place(box: HTMLButtonElement, { node, path, level, left, width }: Place): void {
    box.style.left = `${left.toFixed(2)}px`;
    box.style.width = `${Math.max(width - 1, 1).toFixed(2)}px`;
    box.style.top = `${level * ROW}px`;
    box.style.background = this.#color(node);
    box.classList.toggle("narrow", width < 28);
    box.classList.toggle("around", level < this.#path.length - 1);
    box.classList.toggle("found", this.#pattern?.test(node.name) === true);
    box.onclick = () => this.#zoom(path);
    box.setAttribute("aria-label", this.#label(node));
  }

  #color(node: StackNode): string {
    if (this.#shown !== "change") return flameColor(node.name, node.kind);
    // The times before and after the mark differ in length, so shares are compared.
    const { root } = this.#tree;
    const [now, before] = [this.#value(root), root.marked];
    if (now === 0) return changeColor(1, 1);
    return changeColor(
      this.#value(node) / now,
      before === 0 ? 0 : node.marked / before,
    );
  }

  #label(node: StackNode): string {
    const { root } = this.#tree;
    const value = this.#value(node);
    const now = `${node.name}: ${wholeText(value)} ${this.unit}, ` +
      percent(value, this.#value(root));
    if (this.#shown !== "change") return now;
    return `${now}; before the mark ${wholeText(node.marked)}, ${
      percent(node.marked, root.marked)
    }`;
  }

  /** The sum of the outermost boxes that match: matches inside them are not counted again. */
  #found(node: StackNode): number {
    if (this.#pattern!.test(node.name)) return this.#value(node);
    return [...node.children.values()].reduce((sum, child) => sum + this.#found(child), 0);
  }

  #describe(node: StackNode | undefined): void {
    this.#pointed = node;
    if (this.#value(this.#tree.root) === 0) {
      this.#detail.textContent = "No report since the mark yet.";
      return;
    }
    const mark = this.#tree.markTime;
    const hint = "A click or Enter zooms, Esc shows all, / searches, M sets a mark.";
    this.#detail.textContent = node
      ? this.#label(node)
      : mark === undefined
      ? hint
      : `Mark at ${clockText(mark)}. ${hint}`;
  }
}

const needsMark = (measure: Measure) => measure === "marked" || measure === "change";

const percent = (part: number, all: number) => `${(all === 0 ? 0 : part / all * 100).toFixed(1)} %`;
