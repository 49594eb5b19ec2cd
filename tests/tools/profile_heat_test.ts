import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Chromium } from "../support/chromium.ts";
import { requires } from "../support/requires.ts";
import { startStacks } from "../support/stacks.ts";
import { startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

type Box = readonly [
  name: string,
  color: string,
  value: number,
  above: readonly Box[],
  before: number,
  times: readonly number[],
];
interface Data {
  readonly root: Box;
  readonly heat: { readonly first: number; readonly seconds: number; readonly sliceMs: number };
}

const ROWS = 50;

/** Profiles a program that runs one function in the first half of each second and another in the second half. */
async function halvesPage(folder: Folder, seconds: number, ...args: string[]) {
  const page = join(folder.path, "heat.html");
  await using workload = await startStacks([`halves=${seconds}`]);
  const pid = String(workload.pid);
  await using tool = await startTool(
    "profile",
    "-F",
    "997",
    "-U",
    "--html",
    page,
    ...args,
    "-p",
    pid,
  );
  const report = await workload.go();
  const { stderr } = await stopTool(tool);
  const text = readFileSync(page, "utf8");
  const data = JSON.parse(
    /<script type="application\/json" id="data">(.*)<\/script>/.exec(text)![1]!,
  );
  const [first, second, changes] = /^halves (\d+) (\d+) (\d+)$/m.exec(report)!.slice(1).map(Number);
  return {
    page,
    stderr,
    data: data as Data,
    text,
    first: first!,
    second: second!,
    changes: changes!,
  };
}

/** For each row of the heat map (a part of a second): the samples of all stacks that contain a function. */
function rowsOf(
  name: string,
  box: Box,
  isIn = false,
  rows = new Array<number>(ROWS).fill(0),
): number[] {
  const [own, , , above, , times] = box;
  isIn ||= own === name;
  for (let i = 0; isIn && i < times.length; i += 2) rows[times[i]! % ROWS]! += times[i + 1]!;
  for (const each of above) rowsOf(name, each, isIn, rows);
  return rows;
}

const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

const halves = "profile --heat tells in which part of a second each function ran";
test(halves, { skip: requires(halves, "speed") }, async () => {
  using folder = new Folder();
  const { data: { root, heat }, first, second, changes, stderr } = await halvesPage(
    folder,
    2,
    "--heat",
  );
  assert.doesNotMatch(stderr, /heat/);
  assert.ok(heat.sliceMs === 20 && heat.seconds >= 2 && heat.seconds <= 4, JSON.stringify(heat));
  assert.equal(heat.first % ROWS, 0);
  for (
    const [name, spent, from] of [["first_half", first, 0], ["second_half", second, 25]] as const
  ) {
    const rows = rowsOf(name, root);
    const inside = sum(rows.slice(from, from + 25));
    // The program reads the clock after each turn: at each change some samples may be in the other half.
    assert.ok(sum(rows) - inside <= changes, `${name} ${changes} ${rows}`);
    // One sample for each millisecond on the CPU, fewer on a busy machine.
    assert.ok(inside > spent / 2 && inside <= 1.1 * spent + 10, `${name} ${spent} ${rows}`);
  }
  // Each sample is in exactly one row.
  assert.equal(sum(rowsOf("all", root)), root[2]);
});

const none = "without --heat a page has no times, and a full map of them is told";
test(none, { skip: requires(none, "speed", "full") }, async () => {
  using folder = new Folder();
  const { data, text } = await halvesPage(folder, 1);
  assert.equal("heat" in data, false);
  assert.doesNotMatch(text, /canvas|SELECTED/);
  assert.equal(data.root[5], undefined);
  const small = await halvesPage(folder, 1, "--heat", "--heat-storage-size", "1");
  const [, dropped] = /dropped (\d+) samples of the heat map so far: .* raise --heat-storage-size/
    .exec(small.stderr)!;
  assert.equal(sum(rowsOf("all", small.data.root)) + Number(dropped), small.data.root[2]);
});

const page = "the page of --heat shows the stacks of what is selected, by pointer and by keys";
test(page, { skip: requires(page, "full", "chromium") }, async () => {
  using folder = new Folder();
  const { page, data: { root, heat } } = await halvesPage(folder, 3, "--heat");
  await using browser = await Chromium.start();
  const tab = await browser.open(`file://${page}`);
  const shown = () =>
    tab.value<string[]>(
      `[...document.querySelectorAll("#graph button")].map((button) => button.title)`,
    );
  const valueOf = async (name: string) => {
    const title = (await shown()).find((title) => title.startsWith(`${name} (`));
    return title === undefined ? 0 : Number(/ \((\d+) samples/.exec(title)![1]);
  };
  const whole = root[2];
  assert.equal(await valueOf("all"), whole);
  // Drags the pointer over the second column: first over its upper half, then over all of it.
  const { x, y, wide, high } = await tab.value<Record<string, number>>(`(() => {
    const { x, y, width, height } = map.getBoundingClientRect();
    return { x, y, wide: width / ${heat.seconds}, high: height / ${ROWS} };
  })()`) as { x: number; y: number; wide: number; high: number };
  const mouse = (type: string, column: number, row: number) =>
    tab.ask("Input.dispatchMouseEvent", {
      type,
      x: x + (column + 0.5) * wide,
      y: y + (row + 0.5) * high,
      button: "left",
      buttons: 1,
      clickCount: 1,
    });
  await mouse("mousePressed", 1, 2);
  await mouse("mouseMoved", 1, 22);
  await mouse("mouseReleased", 1, 22);
  const times = (box: Box, from: number, to: number): number => {
    let own = 0;
    for (let i = 0; i < box[5].length; i += 2) {
      const cell = box[5][i]! - heat.first;
      if (cell >= from && cell <= to) own += box[5][i + 1]!;
    }
    return own + sum(box[3].map((above) => times(above, from, to)));
  };
  const upper = times(root, ROWS + 2, ROWS + 22);
  assert.ok(upper > 0);
  assert.equal(await valueOf("all"), upper);
  assert.ok(await valueOf("first_half") > 0);
  assert.equal(await valueOf("second_half"), 0);
  // By keys: moves to the lower half of that second, and extends the selection to the end.
  await tab.value("map.focus()");
  for (let i = 0; i < 6; i++) await tab.press("ArrowDown");
  assert.equal(await valueOf("all"), times(root, ROWS + 28, ROWS + 28));
  await tab.ask("Input.dispatchKeyEvent", {
    type: "keyDown",
    key: "End",
    code: "End",
    modifiers: 8,
  });
  assert.equal(await valueOf("all"), times(root, ROWS + 28, heat.seconds * ROWS - 1));
  assert.match(
    await tab.value("map.getAttribute('aria-valuetext')"),
    /^\d\d:\d\d:\d\d\.\d{3} to .* samples$/,
  );
  // Selects a moment without samples, at the beginning or at the end.
  const empty = times(root, 0, 0) === 0 ? "Home" : "End";
  await tab.press(empty);
  assert.deepEqual(await shown(), ["all (0 samples, 0.0%)"]);
  await tab.press("Escape");
  assert.equal(await valueOf("all"), whole);
  assert.deepEqual(tab.problems, []);
  assert.deepEqual(tab.requests.filter((url) => !url.startsWith("file://")), []);
});
