/**
 * The heat map of a flame graph's page: a column for each second, a row for each slice of it. What is selected
 * there makes the flame graph.
 *
 * @module
 */

import type { FlameGraph, FlameNode, HeatClock } from "./flame_graph.ts";

/** What the page's script reads of it. */
export interface HeatData extends HeatClock {
  /** The first second, in slices. */
  readonly first: number;
  readonly seconds: number;
}

/** The data for the page; undefined if no sample has a time. */
export function heatData({ root, clock }: FlameGraph): HeatData | undefined {
  if (!clock) return undefined;
  let [least, most] = [Infinity, -Infinity];
  const look = ({ heat, children }: FlameNode) => {
    for (const slice of heat?.keys() ?? []) {
      least = Math.min(least, slice);
      most = Math.max(most, slice);
    }
    children.forEach(look);
  };
  look(root);
  if (least > most) return undefined;
  const rows = 1000 / clock.sliceMs;
  const first = Math.floor(least / rows) * rows;
  return { ...clock, first, seconds: Math.floor((most - first) / rows) + 1 };
}

export const HEAT_STYLE = `
  #heat { overflow-x: auto; }
  #heat canvas { display: block; cursor: crosshair; }
  #heat canvas:focus-visible { outline: 2px solid #111; }
`;

/** Sizes in pixels. A canvas can be 16,384 wide. */
const [CELL_WIDTH, CELL_HEIGHT, WIDEST] = [12, 4, 16000];

/** Above the graph. */
export const heatElement = ({ seconds, sliceMs }: HeatData): string =>
  `<div id="heat">
  <canvas id="map" tabindex="0" role="slider" aria-label="Samples over time" aria-orientation="horizontal" width="${
    seconds * Math.max(1, Math.min(CELL_WIDTH, Math.floor(WIDEST / seconds)))
  }" height="${1000 / sliceMs * CELL_HEIGHT}"></canvas>
  <p>A column is a second, a row ${sliceMs} ms of it, from the top down. Drag, or move with the arrow keys and extend with Shift, to see the stacks of a range; Esc shows all.</p>
</div>
`;

/**
 * Behind the page's script. A box's sixth member lists slices and their samples, its seventh is its value in the
 * selection.
 */
export const HEAT_SCRIPT = `
const [TIMES, SELECTED] = [5, 6];
const map = document.getElementById("map");
if (map) {
  const rows = 1000 / heat.sliceMs, cells = heat.seconds * rows;
  const [wide, high] = [map.width / heat.seconds, map.height / rows];
  const counts = new Uint32Array(cells);
  const each = (box, act) => { act(box); box[3].forEach((above) => each(above, act)); };
  each(root, (box) => {
    for (let i = 0; i < box[TIMES].length; i += 2) counts[box[TIMES][i] - heat.first] += box[TIMES][i + 1];
  });
  const most = counts.reduce((a, b) => Math.max(a, b));
  const paint = map.getContext("2d");
  let range; // what is selected: where it began and where it ends, both included
  let isDragged = false;

  const clock = (cell) => new Date(heat.start + (heat.first + cell) * heat.sliceMs).toISOString().slice(11, 23);
  const select = (box, from, to) => {
    let sum = box[3].reduce((sum, above) => sum + select(above, from, to), 0);
    for (let i = 0; i < box[TIMES].length; i += 2) {
      const cell = box[TIMES][i] - heat.first;
      if (cell >= from && cell <= to) sum += box[TIMES][i + 1];
    }
    return box[SELECTED] = sum;
  };
  const drawMap = () => {
    const [from, to] = range ? range.toSorted((a, b) => a - b) : [0, -1];
    counts.forEach((count, cell) => {
      const share = count / most;
      const isIn = cell >= from && cell <= to;
      paint.fillStyle = count ? "hsl(" + (isIn ? 215 : 12) + " 85% " + (88 - 55 * share) + "%)" : isIn ? "#bcd" : "#f4f4f4";
      paint.fillRect(Math.floor(cell / rows) * wide, cell % rows * high, Math.max(wide - 1, 1), high - 1);
    });
  };
  choose = (next) => {
    range = next;
    run = range ? SELECTED : NOW;
    const [from, to] = range ? range.toSorted((a, b) => a - b) : [0, cells - 1];
    const sum = select(root, from, to);
    const text = clock(from) + " to " + clock(to + 1) + " UTC: " + sum + " " + unit;
    detail.textContent = text;
    for (const [name, value] of Object.entries({ valuemin: 0, valuemax: cells - 1, valuenow: range ? range[1] : 0, valuetext: text })) {
      map.setAttribute("aria-" + name, value);
    }
    drawMap();
    zoom(path.at(-1)[run] ? path : [root]);
  };
  const cellAt = ({ offsetX, offsetY }) => {
    const within = (value, end) => Math.max(0, Math.min(end - 1, Math.floor(value)));
    return within(offsetX / wide, heat.seconds) * rows + within(offsetY / high, rows);
  };
  map.onpointerdown = (event) => {
    isDragged = true;
    map.setPointerCapture(event.pointerId);
    choose([event.shiftKey && range ? range[0] : cellAt(event), cellAt(event)]);
  };
  map.onpointermove = (event) => isDragged && choose([range[0], cellAt(event)]);
  map.onpointerup = map.onpointercancel = () => isDragged = false;
  map.onkeydown = (event) => {
    const steps = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -rows, ArrowRight: rows, Home: -cells, End: cells };
    if (!Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    const moved = range ? range[1] + steps[event.key] : event.key === "End" ? cells - 1 : 0;
    const at = Math.max(0, Math.min(cells - 1, moved));
    choose([event.shiftKey && range ? range[0] : at, at]);
  };
  choose();
}
`;
