/**
 * A table of many rows, of which only the visible ones are in the document.
 *
 * @module
 */

import type { PageColumn } from "../messages.ts";
import { compareValues, parseFilter, type Wanted } from "../../records/row_filter.ts";
import { valueText } from "../../records/value_text.ts";
import { element, soon, wholeText } from "./dom.ts";

const ROW_HEIGHT = 26;
/** Rows in the document above and below the visible ones. */
const SPARE = 8;

/** A row: its number, by which it is recognized, and the values of its columns. */
export type TableRow = readonly [number: number, values: readonly unknown[]];

/** Makes tables that are sorted by a click, filtered, and moved in by keys. */
export class TableView {
  readonly node: HTMLElement;
  #columns: readonly PageColumn[] = [];
  #rows: readonly TableRow[] = [];
  #shown: readonly TableRow[] = [];
  #wanted: Wanted | undefined;
  #filter = "";
  #sorted: { readonly key: string; readonly isDown: boolean } | undefined;
  #chosen: number | undefined;
  readonly #scroller: HTMLElement;
  readonly #head = element("tr");
  readonly #body = element("tbody");
  readonly #above = element("tr", { class: "space", "aria-hidden": "true" });
  readonly #below = element("tr", { class: "space", "aria-hidden": "true" });
  readonly #table: HTMLTableElement;
  readonly #note = element("p", { class: "empty" });
  readonly #detail = element("dl", { class: "detail", hidden: true, "aria-live": "polite" });
  readonly #onCell: (key: string, value: string) => void;
  readonly #onCount: (shown: number, of: number) => void;
  readonly #draw = soon(() => this.#drawNow());
  #empty = "";

  /** @param onCell a value was clicked @param onCount how many rows pass the filter */
  constructor(
    label: string,
    onCell: (key: string, value: string) => void,
    onCount: (shown: number, of: number) => void,
  ) {
    this.#onCell = onCell;
    this.#onCount = onCount;
    this.#table = element(
      "table",
      { "aria-label": label },
      element("thead", {}, this.#head),
      this.#body,
    );
    this.#scroller = element(
      "div",
      { class: "scroller", tabindex: "0", role: "region", "aria-label": `${label}, rows` },
      this.#table,
      this.#note,
    );
    this.#scroller.addEventListener("scroll", this.#draw, { passive: true });
    this.#scroller.addEventListener("keydown", (event) => this.#onKey(event));
    new ResizeObserver(this.#draw).observe(this.#scroller);
    this.node = element("div", { class: "table" }, this.#scroller, this.#detail);
  }

  /** Whether the user has scrolled to older rows, which new rows would move. */
  get isScrolled(): boolean {
    return this.#scroller.scrollTop > ROW_HEIGHT && !this.#sorted;
  }

  /** Shows the newest rows. */
  toTop(): void {
    this.#scroller.scrollTop = 0;
  }

  /** The text to show if there are no rows. */
  set empty(text: string) {
    this.#empty = text;
    this.#draw();
  }

  /** Sets the columns; they are redrawn only if they changed. */
  set columns(columns: readonly PageColumn[]) {
    if (JSON.stringify(columns) === JSON.stringify(this.#columns)) return;
    this.#columns = columns;
    this.#setFilter();
    this.#drawHead();
  }

  /** Sets the rows, in the order in which they are shown unsorted. */
  set rows(rows: readonly TableRow[]) {
    this.#rows = rows;
    this.#choose();
  }

  /** Sets the filter. @throws {SyntaxError} for an invalid pattern */
  filter(text: string): void {
    this.#filter = text;
    this.#setFilter();
    this.#scroller.scrollTop = 0;
    this.#choose();
  }

  #setFilter(): void {
    const keys = this.#columns.map(({ key }) => key);
    this.#wanted = this.#filter.trim() === "" ? undefined : parseFilter(this.#filter, keys);
  }

  #choose(): void {
    const wanted = this.#wanted;
    let rows = wanted ? this.#rows.filter(([, values]) => wanted(values)) : this.#rows;
    if (this.#sorted) {
      const { key, isDown } = this.#sorted;
      const column = this.#columns.findIndex((each) => each.key === key);
      const sign = isDown ? -1 : 1;
      rows = rows.toSorted((a, b) => sign * compareValues(a[1][column], b[1][column]));
    }
    this.#shown = rows;
    this.#onCount(rows.length, this.#rows.length);
    this.#draw();
  }

  #drawHead(): void {
    const cells = this.#columns.map(({ key, head, isNumber }) => {
      const isSorted = this.#sorted?.key === key;
      const order = !isSorted ? "none" : this.#sorted!.isDown ? "descending" : "ascending";
      const arrow = !isSorted ? "" : this.#sorted!.isDown ? " ↓" : " ↑";
      const sort = () => this.#sort(key, isNumber);
      const button = element(
        "button",
        { type: "button", "data-key": key, title: `Sort by ${head}`, onclick: sort },
        head + arrow,
      );
      return element(
        "th",
        { scope: "col", "aria-sort": order, class: isNumber ? "number" : "" },
        button,
      );
    });
    const focused = (document.activeElement as HTMLElement | null)?.dataset.key;
    this.#head.replaceChildren(...cells);
    if (focused === undefined) return;
    cells.find(({ firstElementChild }) =>
      (firstElementChild as HTMLElement).dataset.key === focused
    )?.querySelector("button")?.focus();
  }

  /**
   * Sorts by a column: first numbers from the largest and texts from the smallest, at the next
   * click in reverse, then not at all.
   */
  #sort(key: string, isNumber: boolean): void {
    const before = this.#sorted?.key === key ? this.#sorted.isDown : undefined;
    const isLast = before === !isNumber;
    this.#sorted = before === undefined
      ? { key, isDown: isNumber }
      : isLast
      ? undefined
      : { key, isDown: !before };
    this.#drawHead();
    this.#choose();
  }

  #drawNow(): void {
    const shown = this.#shown;
    const height = this.#scroller.clientHeight;
    const first = Math.max(Math.floor(this.#scroller.scrollTop / ROW_HEIGHT) - SPARE, 0);
    const last = Math.min(first + Math.ceil(height / ROW_HEIGHT) + 2 * SPARE, shown.length);
    const count = Math.max(last - first, 0);
    const lines = this.#lines(count);
    for (let i = 0; i < count; i++) this.#fill(lines[i]!, first + i);
    this.#above.style.height = `${first * ROW_HEIGHT}px`;
    this.#below.style.height = `${Math.max(shown.length - last, 0) * ROW_HEIGHT}px`;
    this.#table.setAttribute("aria-rowcount", String(shown.length + 1));
    this.#note.hidden = shown.length > 0;
    this.#note.textContent = this.#rows.length > 0
      ? `None of ${wholeText(this.#rows.length)} rows passes the filter.`
      : this.#empty;
    this.#drawDetail();
  }

  /** Returns this many row elements, reusing those in the document. */
  #lines(count: number): HTMLTableRowElement[] {
    const lines = [...this.#body.querySelectorAll<HTMLTableRowElement>("tr.row")];
    while (lines.length < count) {
      const line = element("tr", { class: "row" });
      line.addEventListener("click", (event) => this.#onClick(line, event));
      lines.push(line);
    }
    for (const line of lines.splice(count)) line.remove();
    if (this.#body.childElementCount !== count + 2) {
      this.#body.replaceChildren(this.#above, ...lines, this.#below);
    }
    return lines;
  }

  #fill(line: HTMLTableRowElement, index: number): void {
    const [number, values] = this.#shown[index]!;
    while (line.cells.length > this.#columns.length) line.deleteCell(-1);
    this.#columns.forEach(({ isNumber }, i) => {
      const cell = line.cells[i] ?? line.insertCell();
      const text = valueText(values[i]);
      if (cell.textContent !== text) cell.textContent = text;
      const name = isNumber ? "number" : "";
      if (cell.className !== name) cell.className = name;
    });
    line.setAttribute("aria-rowindex", String(index + 2));
    line.dataset.number = String(number);
    line.classList.toggle("chosen", number === this.#chosen);
    line.classList.toggle("odd", index % 2 === 1);
  }

  #onClick(line: HTMLTableRowElement, event: MouseEvent): void {
    const number = Number(line.dataset.number);
    const cell = (event.target as HTMLElement).closest("td");
    const column = cell && this.#columns[cell.cellIndex];
    if (event.altKey && column) return this.#onCell(column.key, cell.textContent ?? "");
    this.#chosen = this.#chosen === number ? undefined : number;
    this.#draw();
  }

  #onKey(event: KeyboardEvent): void {
    const moves: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: Math.floor(this.#scroller.clientHeight / ROW_HEIGHT) - 1,
      PageUp: 1 - Math.floor(this.#scroller.clientHeight / ROW_HEIGHT),
      Home: -Infinity,
      End: Infinity,
    };
    if (event.key === "Escape" && this.#chosen !== undefined) {
      this.#chosen = undefined;
      event.stopPropagation();
      return this.#draw();
    }
    const move = moves[event.key];
    if (move === undefined || event.target !== this.#scroller || this.#shown.length === 0) return;
    event.preventDefault();
    const at = this.#shown.findIndex(([number]) => number === this.#chosen);
    const next = Math.min(
      Math.max(at < 0 ? 0 : at + move, 0),
      this.#shown.length - 1,
    );
    this.#chosen = this.#shown[next]![0];
    const [top, height] = [next * ROW_HEIGHT, this.#scroller.clientHeight - 2 * ROW_HEIGHT];
    if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
    else if (top > this.#scroller.scrollTop + height) this.#scroller.scrollTop = top - height;
    this.#draw();
  }

  /** Shows all values of the selected row in full, since cells truncate them. */
  #drawDetail(): void {
    const row = this.#shown.find(([number]) => number === this.#chosen);
    this.#detail.hidden = !row;
    if (!row) return this.#detail.replaceChildren();
    this.#detail.replaceChildren(...this.#columns.map(({ key, head }, i) => {
      const text = valueText(row[1][i]);
      const only = element("button", {
        type: "button",
        title: `Show only rows with this ${head}`,
        onclick: () => this.#onCell(key, text),
      }, text === "" ? "(empty)" : text);
      const isLong = text.length > 32;
      return element(
        "div",
        { class: isLong ? "long" : "" },
        element("dt", {}, head),
        element("dd", {}, only),
      );
    }));
  }
}
