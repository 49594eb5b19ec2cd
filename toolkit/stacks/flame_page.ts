/**
 * Flame graphs as one self-contained HTML page with zoom and search.
 *
 * `page.html#s=malloc` opens it with a search.
 *
 * @module
 */

import { LEGEND } from "./flame_colors.ts";
import { goneLines } from "./flame_diff.ts";
import { HEAT_SCRIPT, HEAT_STYLE, type HeatData, heatData, heatElement } from "./heat_page.ts";
import {
  boxColor,
  escapeMarkup,
  type FlameGraph,
  flameHeading,
  type FlameNode,
} from "./flame_graph.ts";

/**
 * What the page's script reads of a box; `before` is the value in an earlier run, `times` are slices of time, each
 * followed by its samples.
 */
type Box = readonly [
  name: string,
  color: string,
  value: number,
  above: readonly Box[],
  before?: number,
  times?: readonly number[],
];

function boxOf(node: FlameNode, heat: HeatData | undefined): Box {
  const { name, value, before, children } = node;
  const above = children.map((child) => boxOf(child, heat));
  const box = [name, boxColor(node), value, above] as const;
  if (heat) return [...box, 0, [...node.heat ?? []].flat()];
  return before === undefined ? box : [...box, before];
}

/** JSON that can stand in a script element: nothing in it ends the element or begins a comment. */
const scriptJson = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c");

const STYLE = `
  body { font: 13px sans-serif; margin: 12px; background: #fff; color: #111; }
  header { position: sticky; top: 0; z-index: 1; padding: 6px 0; background: #fff; display: flex; gap: 12px; align-items: center; flex-wrap: wrap; }
  h1 { font-size: 16px; margin: 0; flex: 1; }
  input { font: inherit; padding: 3px 6px; width: 220px; }
  #graph { position: relative; margin: 12px 0; overflow: hidden; }
  #graph button { position: absolute; height: 17px; padding: 0; text-indent: 3px; border: 0; border-radius: 2px;
    font: 12px/17px monospace; text-align: left; white-space: pre; overflow: hidden;
    text-overflow: ellipsis; box-sizing: border-box; color: #111; cursor: pointer; }
  #graph button:hover, #graph button:focus-visible { outline: 1px solid #111; }
  #graph button.around { opacity: .55; }
  #graph button.found { background: #d5f !important; }
  #legend span { margin-right: 18px; }
  #legend i { display: inline-block; width: 14px; height: 14px; border-radius: 2px; margin-right: 6px; vertical-align: -2px; }
  #gone { font: 12px/18px monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
  #detail { position: sticky; bottom: 0; padding: 6px 0; background: #fff; font-family: monospace; min-height: 1.3em; overflow-wrap: anywhere; }
`;

/** Without a library, for any browser of the last years. Text is set as text, never as markup. */
const SCRIPT = `
"use strict";
const { unit, root, heat } = JSON.parse(document.getElementById("data").textContent);
const [graph, detail, search, matched, reset, runs] =
  ["graph", "detail", "search", "matched", "reset", "runs"].map((id) => document.getElementById(id));
const [NOW, BEFORE] = [2, 4];
const ROW = 18;
const NARROWEST = 0.05; // per cent of the width
let pattern;
let run = NOW; // whose widths are shown
let path = [root]; // from the outermost box to the one that fills the width
let choose = () => {}; // selects a range of time, or none

const deep = (box, least) =>
  1 + Math.max(0, ...box[3].map((above) => !above[run] || above[run] < least ? 0 : deep(above, least)));
const share = (value, of) => (root[of] ? value / root[of] * 100 : 0).toFixed(1) + "%";
const shown = () => run === BEFORE ? NOW : run;
const describe = (box) => box[0] + " (" + box[shown()] + " " + unit + ", " + share(box[shown()], shown()) +
  (runs ? "; before: " + box[BEFORE] + ", " + share(box[BEFORE], BEFORE) : "") + ")";

function add(box, way, level, start, width) {
  if (width < NARROWEST) return;
  const button = document.createElement("button");
  button.textContent = box[0];
  button.title = describe(box);
  button.style.cssText = "left:" + start + "%;width:calc(" + width + "% - 0.5px);top:" +
    level * ROW + "px;background:" + box[1];
  button.classList.toggle("around", path.includes(box) && box !== path.at(-1));
  button.classList.toggle("found", !!pattern && pattern.test(box[0]));
  button.onclick = () => zoom([...way, box]);
  button.onmouseenter = button.onfocus = () => detail.textContent = describe(box);
  graph.append(button);
}

function addAll(box, way, start, width) {
  add(box, way, way.length, start, width);
  for (const above of box[3]) {
    const part = box[run] ? width * above[run] / box[run] : 0;
    if (part >= NARROWEST) addAll(above, [...way, box], start, part);
    start += part;
  }
}

// What any box found carries, those above it not counted again.
const foundIn = (box) => pattern.test(box[0]) ? box[run] : box[3].reduce((sum, b) => sum + foundIn(b), 0);

function draw() {
  graph.replaceChildren();
  const filling = path.at(-1);
  const levels = path.length - 1 + deep(filling, filling[run] * NARROWEST / 100);
  graph.style.height = levels * ROW + "px";
  path.slice(0, -1).forEach((box, level) => add(box, path.slice(0, level), level, 0, 100));
  addAll(filling, path.slice(0, -1), 0, 100);
  matched.textContent = pattern ? "matched " + share(foundIn(root), run) : "";
  reset.hidden = path.length === 1;
}

function zoom(to) {
  path = to;
  draw();
}

function find(text) {
  try {
    pattern = text === "" ? undefined : new RegExp(text, "i");
    search.setCustomValidity("");
  } catch {
    search.setCustomValidity("not a regular expression");
    return search.reportValidity();
  }
  draw();
}

search.oninput = () => find(search.value);
reset.onclick = () => zoom([root]);
if (runs) {
  runs.onclick = () => {
    run = run === NOW ? BEFORE : NOW;
    runs.textContent = run === NOW ? "Show the earlier run" : "Show this run";
    zoom(path.at(-1)[run] ? path : [root]);
  };
}
document.onkeydown = (event) => {
  if (event.key === "Escape") choose(), zoom([root]);
  if (event.key === "/" && document.activeElement !== search) event.preventDefault(), search.focus();
};
search.value = decodeURIComponent(location.hash.replace(/^#s=|^#.*/, ""));
find(search.value);
`;

/**
 * The legend of the colours, and the stacks of the earlier run only, where two runs are compared.
 */
function notes(graph: FlameGraph): string {
  if (graph.root.before === undefined) return "";
  const legend = LEGEND.map(({ text, color }) =>
    `<span><i style="background:${color}"></i>${text}</span>`
  );
  const gone = escapeMarkup(goneLines(graph).join("\n"));
  return `<div id="legend">${legend.join("")}</div>\n<div id="gone">${gone}</div>\n`;
}

/** The graph as a page. */
export function flamePage(graph: FlameGraph): string {
  const { unit, root } = graph;
  const heat = heatData(graph);
  const heading = escapeMarkup(flameHeading(graph));
  const runs = root.before === undefined
    ? ""
    : `<button id="runs">Show the earlier run</button>\n  `;
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${heading}</title>
<style>${STYLE}${heat ? HEAT_STYLE : ""}</style>
<header>
  <h1>${heading}</h1>
  <span id="matched"></span>
  <input id="search" type="search" placeholder="Search (a regular expression)" aria-label="Search">
  ${runs}<button id="reset" hidden>Show all</button>
</header>
${heat ? heatElement(heat) : ""}<div id="graph"></div>
${notes(graph)}<div id="detail">Click a box to zoom; Esc shows all; / searches.</div>
<script type="application/json" id="data">${
    scriptJson({ unit, root: boxOf(root, heat), heat })
  }</script>
<script>${SCRIPT}${heat ? HEAT_SCRIPT : ""}</script>
</html>
`;
}
