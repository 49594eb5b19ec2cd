/**
 * Heat maps: time from left to right, values from the bottom up, higher counts darker.
 *
 * @module
 */

import { clockText, element, shortText, soon, wholeText } from "./dom.ts";
import { type HeatMap, type HeatMaps, MAX_COLUMNS } from "./heat.ts";

const ROW = 16;
const AXIS = 18;
/** Columns are this wide, or wider while there are few. */
const NARROWEST = 4;
const WIDEST = 14;
const FEW = 60;

/** The theme's colours from low to high counts. */
function rampOf(): readonly [number, number, number][] {
  const style = getComputedStyle(document.documentElement);
  return ["--heat-0", "--heat-1", "--heat-2", "--heat-3"].map((name) => {
    const digits = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((i) => parseInt(digits.slice(i, i + 2), 16)) as [number, number, number];
  });
}

function colorAt(ramp: readonly [number, number, number][], part: number): string {
  const place = Math.min(Math.max(part, 0), 1) * (ramp.length - 1);
  const index = Math.min(Math.floor(place), ramp.length - 2);
  const rest = place - index;
  const mix = [0, 1, 2].map((i) =>
    Math.round(ramp[index]![i]! * (1 - rest) + ramp[index + 1]![i]! * rest)
  );
  return `rgb(${mix.join()})`;
}

const rangeText = (low: number, high: number) =>
  low === high ? shortText(low) : `${shortText(low)} – ${shortText(high)}`;

/** Shows all histograms of a tool. */
export class HeatView {
  readonly node = element("div", { class: "heats" });
  readonly #maps: HeatMaps;
  readonly #panels = new Map<HeatMap, HeatPanel>();
  readonly #note = element("p", { class: "note" });
  readonly #draw = soon(() => this.#drawNow(), 100);

  constructor(maps: HeatMaps) {
    this.#maps = maps;
    new ResizeObserver(this.#draw).observe(this.node);
  }

  /** Redraws after a report or a change of the theme. */
  update(): void {
    this.#draw();
  }

  #drawNow(): void {
    if (this.node.clientWidth === 0) return;
    for (const map of this.#maps.maps.values()) {
      if (this.#panels.has(map)) continue;
      const panel = new HeatPanel(map);
      this.#panels.set(map, panel);
      this.node.append(panel.node);
    }
    const { left } = this.#maps;
    this.#note.textContent = left > 0
      ? `${wholeText(left)} more histograms have no place here: filter the tool.`
      : "";
    this.node.append(this.#note);
    const ramp = rampOf();
    for (const panel of this.#panels.values()) panel.draw(ramp);
  }
}

/** One histogram: its heat map, and its sums over all reports. */
class HeatPanel {
  readonly node: HTMLElement;
  readonly #map: HeatMap;
  readonly #canvas = element("canvas", { tabindex: "0", role: "img" });
  readonly #readout = element("output", { class: "readout" });
  readonly #bars = element("tbody");
  /** Column and row under the pointer. */
  #cursor: { column: number; row: number } | undefined;
  #ramp: readonly [number, number, number][] = [];

  constructor(map: HeatMap) {
    this.#map = map;
    this.node = element(
      "section",
      { class: "heat" },
      element("h2", {}, map.title || "all", element("small", {}, map.unit)),
      element("div", { class: "map" }, this.#canvas, this.#readout),
      element(
        "table",
        { class: "bars" },
        element("caption", {}, "in all"),
        this.#bars,
      ),
    );
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.#canvas.addEventListener("pointerleave", () => this.#show(undefined));
    this.#canvas.addEventListener("keydown", (event) => this.#onKey(event));
    this.#canvas.addEventListener("blur", () => this.#show(undefined));
  }

  draw(ramp: readonly [number, number, number][]): void {
    this.#ramp = ramp;
    const lows = this.#map.lows;
    const width = this.#canvas.parentElement!.clientWidth;
    const height = Math.max(lows.length, 1) * ROW + AXIS;
    const scale = devicePixelRatio || 1;
    const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== across || this.#canvas.height !== down) {
      [this.#canvas.width, this.#canvas.height] = [across, down];
      this.#canvas.style.height = `${height}px`;
    }
    const context = this.#canvas.getContext("2d")!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#drawCells(context, width, lows);
    this.#drawAxis(context, width, height);
    this.#drawBars(lows);
    this.#canvas.setAttribute("aria-label", this.#summary(lows));
    this.#show(this.#cursor);
  }

  /** The newest columns for which there is room, the newest at the right. */
  #visible(width: number) {
    const many = Math.max(this.#map.columns.length, FEW);
    const cell = Math.min(Math.max(Math.floor(width / many), NARROWEST), WIDEST);
    const columns = this.#map.columns.slice(-Math.max(Math.floor(width / cell), 1));
    return { columns, cell, start: width - columns.length * cell };
  }

  #drawCells(context: CanvasRenderingContext2D, width: number, lows: readonly number[]): void {
    const { columns, cell, start } = this.#visible(width);
    const most = Math.max(...columns.flatMap(({ counts }) => [...counts.values()]), 1);
    const style = getComputedStyle(document.documentElement);
    context.fillStyle = style.getPropertyValue("--sunk");
    context.fillRect(0, 0, width, lows.length * ROW);
    const gap = cell > 6 ? 1 : 0;
    columns.forEach(({ counts }, i) => {
      lows.forEach((low, row) => {
        const count = counts.get(low) ?? 0;
        if (count === 0) return;
        // The power makes low counts visible beside high ones.
        context.fillStyle = colorAt(this.#ramp, (count / most) ** 0.4);
        context.fillRect(start + i * cell, (lows.length - 1 - row) * ROW, cell - gap, ROW - 1);
      });
    });
    if (!this.#cursor) return;
    const { column, row } = this.#cursor;
    const [x, y] = [start + column * cell, (lows.length - 1 - row) * ROW];
    context.lineWidth = 2;
    context.strokeStyle = style.getPropertyValue("--card");
    context.strokeRect(x - 2, y - 2, cell + 4 - gap, ROW + 3);
    context.strokeStyle = style.getPropertyValue("--text");
    context.strokeRect(x - 1, y - 1, cell + 2 - gap, ROW + 1);
  }

  #drawAxis(context: CanvasRenderingContext2D, width: number, height: number): void {
    const { columns, cell, start } = this.#visible(width);
    const style = getComputedStyle(document.documentElement);
    context.fillStyle = style.getPropertyValue("--dim");
    context.font = "11px system-ui, sans-serif";
    let free = 0;
    columns.forEach(({ time }, i) => {
      const x = start + i * cell;
      if (x < free || x + 50 > width || Math.floor(time / 1000) % 15 !== 0) return;
      context.fillRect(x, height - AXIS, 1, 4);
      context.fillText(clockText(time), x + 3, height - 5);
      free = x + 90;
    });
  }

  #drawBars(lows: readonly number[]): void {
    const { sums, highs } = this.#map;
    const most = Math.max(...sums.values(), 1);
    const lines = [...this.#bars.rows];
    while (lines.length < lows.length) {
      const bar = element("td", { class: "bar" }, element("i"));
      const line = element(
        "tr",
        {},
        element("th", { scope: "row" }),
        element("td", { class: "number" }),
        bar,
      );
      lines.push(line);
    }
    lows.toReversed().forEach((low, i) => {
      const [range, count, bar] = lines[i]!.cells as unknown as HTMLTableCellElement[];
      const sum = sums.get(low) ?? 0;
      range!.textContent = rangeText(low, highs.get(low)!);
      count!.textContent = shortText(sum);
      count!.title = wholeText(sum);
      (bar!.firstElementChild as HTMLElement).style.width = `${sum / most * 100}%`;
    });
    this.#bars.replaceChildren(...lines.slice(0, lows.length));
  }

  #summary(lows: readonly number[]): string {
    const { title, unit, total, columns } = this.#map;
    const largest =
      lows.toSorted((a, b) => (this.#map.sums.get(b) ?? 0) - (this.#map.sums.get(a) ?? 0))[0];
    const where = largest === undefined
      ? ""
      : `, most of them ${rangeText(largest, this.#map.highs.get(largest)!)} ${unit}`;
    return `Heat map ${title} of ${columns.length} reports: ${wholeText(total)} in all${where}. ` +
      `Arrow keys read single cells.`;
  }

  #point(event: PointerEvent): void {
    const { left, top } = this.#canvas.getBoundingClientRect();
    const { columns, cell, start } = this.#visible(this.#canvas.clientWidth);
    const column = Math.floor((event.clientX - left - start) / cell);
    const row = this.#map.lows.length - 1 - Math.floor((event.clientY - top) / ROW);
    const isInside = column >= 0 && column < columns.length && row >= 0;
    this.#move(isInside ? { column, row } : undefined);
  }

  #onKey(event: KeyboardEvent): void {
    const [right, up] = {
      ArrowRight: [1, 0],
      ArrowLeft: [-1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    }[event.key] ?? [];
    if (right === undefined) return;
    event.preventDefault();
    const { columns } = this.#visible(this.#canvas.clientWidth);
    const { column, row } = this.#cursor ?? { column: columns.length - 1 - right, row: -up! };
    this.#move({
      column: Math.min(Math.max(column + right, 0), columns.length - 1),
      row: Math.min(Math.max(row + up!, 0), this.#map.lows.length - 1),
    });
  }

  #move(cursor: { column: number; row: number } | undefined): void {
    this.#cursor = cursor;
    this.draw(this.#ramp);
  }

  #show(cursor: { column: number; row: number } | undefined): void {
    this.#cursor = cursor;
    const { columns } = this.#visible(this.#canvas.clientWidth);
    const low = cursor && this.#map.lows[cursor.row];
    const column = cursor && columns[cursor.column];
    this.#readout.textContent = column === undefined || low === undefined
      ? `${columns.length} of the last ${MAX_COLUMNS} reports`
      : `${clockText(column.time)}: ${wholeText(column.counts.get(low) ?? 0)} × ` +
        `${rangeText(low, this.#map.highs.get(low)!)} ${this.#map.unit}`;
  }
}
