/**
 * A flame graph as a page: one file that needs no other, to zoom by clicking and to search.
 *
 * `page.html#s=malloc` opens it with a search.
 *
 * @module
 */

import { escapeMarkup, flameColor, type FlameGraph, type FlameNode } from "./flame_graph.ts";

/** Name, colour, value and what is above: what the page's script reads. */
type Box = readonly [name: string, color: string, value: number, above: readonly Box[]];

const boxOf = ({ name, kind, value, children }: FlameNode): Box => [
  name,
  flameColor(name, kind),
  value,
  children.map(boxOf),
];

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
  #detail { position: sticky; bottom: 0; padding: 6px 0; background: #fff; font-family: monospace; min-height: 1.3em; overflow-wrap: anywhere; }
`;

/** Without a library, for any browser of the last years. Text is set as text, never as markup. */
const SCRIPT = `
"use strict";
const { unit, root } = JSON.parse(document.getElementById("data").textContent);
const [graph, detail, search, matched, reset] =
  ["graph", "detail", "search", "matched", "reset"].map((id) => document.getElementById(id));
const ROW = 18;
const NARROWEST = 0.05; // per cent of the width
let pattern;
let path = [root]; // from the outermost box to the one that fills the width

const deep = (box, least) =>
  1 + Math.max(0, ...box[3].map((above) => above[2] < least ? 0 : deep(above, least)));
const share = (value) => (root[2] ? value / root[2] * 100 : 0).toFixed(1) + "%";
const describe = (box) => box[0] + " (" + box[2] + " " + unit + ", " + share(box[2]) + ")";

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
    const part = box[2] ? width * above[2] / box[2] : 0;
    if (part >= NARROWEST) addAll(above, [...way, box], start, part);
    start += part;
  }
}

// What any box found carries, those above it not counted again.
const foundIn = (box) => pattern.test(box[0]) ? box[2] : box[3].reduce((sum, b) => sum + foundIn(b), 0);

function draw() {
  graph.replaceChildren();
  const filling = path.at(-1);
  const levels = path.length - 1 + deep(filling, filling[2] * NARROWEST / 100);
  graph.style.height = levels * ROW + "px";
  path.slice(0, -1).forEach((box, level) => add(box, path.slice(0, level), level, 0, 100));
  addAll(filling, path.slice(0, -1), 0, 100);
  matched.textContent = pattern ? "matched " + share(foundIn(root)) : "";
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
document.onkeydown = (event) => {
  if (event.key === "Escape") zoom([root]);
  if (event.key === "/" && document.activeElement !== search) event.preventDefault(), search.focus();
};
search.value = decodeURIComponent(location.hash.replace(/^#s=|^#.*/, ""));
find(search.value);
`;

/** The graph as a page. */
export function flamePage({ title, unit, root }: FlameGraph): string {
  const heading = escapeMarkup(`${title}: ${root.value} ${unit}`);
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${heading}</title>
<style>${STYLE}</style>
<header>
  <h1>${heading}</h1>
  <span id="matched"></span>
  <input id="search" type="search" placeholder="Search (a regular expression)" aria-label="Search">
  <button id="reset" hidden>Show all</button>
</header>
<div id="graph"></div>
<div id="detail">Click a box to zoom; Esc shows all; / searches.</div>
<script type="application/json" id="data">${scriptJson({ unit, root: boxOf(root) })}</script>
<script>${SCRIPT}</script>
</html>
`;
}
