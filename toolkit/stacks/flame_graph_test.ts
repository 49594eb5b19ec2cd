import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { requires } from "../../tests/support/requires.ts";
import { comparable, parseFolded } from "./flame_diff.ts";
import { flameGraph, type FlameStack, flameSvg } from "./flame_graph.ts";
import { flamePage } from "./flame_page.ts";

const CHROMIUM = "/usr/bin/chromium";

/** `comm;main;f 3`, frames that end in _[k] being the kernel's. */
function stack(folded: string): FlameStack {
  const [, names, value] = /^(.*) (\d+)$/.exec(folded)!;
  const frames = names!.split(";").map((name, i) => ({
    name: name.replace(/_\[k\]$/, ""),
    kind: i === 0 ? "comm" as const : name.endsWith("_[k]") ? "kernel" as const : "user" as const,
  }));
  return { frames, value: Number(value) };
}

const stacks = [
  "app;main;outer 10",
  "app;main;outer;inner 60",
  "app;main;read;vfs_read_[k] 20",
  "x;main 10",
].map(stack);
const graph = flameGraph(stacks, { title: "test", unit: "samples" });
const compared = flameGraph(comparable(stacks), {
  title: "test",
  unit: "samples",
  earlier: parseFolded(
    "app;main;outer 10\napp;main;outer;inner 30\napp;main;old;older 25\n" +
      "app;main;read;-;vfs_read_[k] 5\nx;main 10\n",
  ),
});

test("flameGraph() merges stacks that begin alike", () => {
  const [app, x] = graph.root.children;
  assert.deepEqual([graph.root.value, app!.value, x!.value], [100, 90, 10]);
  const [outer, read] = app!.children[0]!.children;
  assert.deepEqual([outer!.name, outer!.value, outer!.children[0]!.value], ["outer", 70, 60]);
  assert.deepEqual([read!.children[0]!.kind, read!.children[0]!.value], ["kernel", 20]);
});

test("pictures and pages hold no character that XML has no place for", () => {
  const names = [
    "nul\0",
    "\x1b[2J",
    "fffe\ufffe",
    "ffff\uffff",
    "\udcff",
    "a<b>&\"'",
    "\u{10fffe}",
  ];
  const frames = names.map((name) => ({ name, kind: "user" as const }));
  const wild = flameGraph([{ frames, value: 7 }], { title: names.join(), unit: "samples" });
  for (const text of [flameSvg(wild), flamePage(wild)]) {
    assert.doesNotMatch(text, /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
  }
  const parse = "import sys, xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())";
  const parsed = spawnSync("/usr/bin/python3", ["-c", parse], { input: flameSvg(wild) });
  assert.equal(parsed.status, 0, String(parsed.stderr));
});

test("flameSvg() draws boxes as wide as their values", () => {
  const svg = flameSvg(graph);
  const width = (label: string) => {
    const [, , x, width] = /<title>(.*?)<\/title><rect x="([\d.]+)" y="\d+" width="([\d.]+)"/.exec(
      svg.slice(svg.indexOf(`<title>${label} (`)),
    )!;
    return [Number(x), Number(width)];
  };
  assert.deepEqual(width("all"), [10, 1179.5]);
  assert.deepEqual(width("outer"), [10, 825.5]);
  assert.deepEqual(width("inner"), [10, 707.5]);
  assert.deepEqual(width("vfs_read"), [836, 235.5]);
  assert.match(svg, /<title>inner \(60 samples, 60\.0%\)<\/title>/);
});

test("flameSvg() colours what changed since an earlier run, and tells what is gone", () => {
  const svg = flameSvg(compared);
  const color = (label: string) => {
    const [, fill] = /fill="(.*?)"/.exec(svg.slice(svg.indexOf(`<title>${label} (`)))!;
    return fill;
  };
  assert.match(svg, /<title>inner \(60 samples, 60\.0%; before: 30, 37\.5%\)<\/title>/);
  assert.match(svg, /<title>vfs_read \(20 samples, 20\.0%; before: 5, 6\.3%\)<\/title>/);
  assert.deepEqual(["inner", "x"].map(color), ["hsl(8 90% 77%)", "hsl(0 0% 91%)"]);
  assert.match(svg, />test: 100 samples, before: 80</);
  assert.match(svg, />25 samples: app;main;old</);
  assert.doesNotMatch(svg, /older/);
  assert.doesNotMatch(flameSvg(graph), /before|Gone/);
});

test("flame graphs of two runs match names as folding leaves them, and addresses", () => {
  const of = (name: string): FlameStack => ({ frames: [{ name, kind: "user" }], value: 3 });
  const earlier = parseFolded("f([u8: 4]) 3\n0x7ffc75924a57 2\nf\\x1b 4\n");
  const now = comparable(["f([u8; 4])", "0x563fabcd0010", "f\x1b"].map(of));
  const { root } = flameGraph(now, { title: "", unit: "samples", earlier });
  const boxes = root.children.map(({ name, value, before }) => [name, value, before]);
  assert.deepEqual(boxes, [["[unknown]", 3, 2], ["f([u8: 4])", 3, 3], ["f\\x1b", 3, 4]]);
  assert.throws(
    () => parseFolded("a;b 1\nCounting...\n"),
    /^SyntaxError: line 2 is no folded stack/,
  );
});

const EVIL = `</script><script>alert("1")</script><!--&'\x1b[31m\u202e`;

test("flame graphs escape names", () => {
  const evil = flameGraph([{ frames: [{ name: EVIL, kind: "user" }], value: 1 }], {
    title: EVIL,
    unit: "samples",
  });
  const [svg, page] = [flameSvg(evil), flamePage(evil)];
  assert.match(svg, /&lt;\/script&gt;&lt;script&gt;alert\(&quot;1&quot;\)/);
  for (const text of [svg, page]) {
    for (const bad of ["<script>alert", "<!--", "\x1b", "\u202e"]) assert.ok(!text.includes(bad));
  }
  assert.equal(page.match(/<\/script>/g)!.length, 2);
});

test("pages have a heat map where samples have times, and only there", () => {
  const clock = { sliceMs: 20, start: 1000 };
  const of = (folded: string, ...heat: [slice: number, samples: number][]): FlameStack => ({
    ...stack(folded),
    heat: new Map(heat),
  });
  const timed = [
    of("app;main 3", [149, 1], [151, 2]),
    of("app;main;f 5", [260, 5]),
    of("app;main 1", [151, 1]),
  ];
  const settings = { title: "test", unit: "samples" };
  const page = flamePage(flameGraph(timed, { ...settings, clock }));
  const { root, heat } = JSON.parse(/id="data">(.*)<\/script>/.exec(page)![1]!);
  // Slices 149 to 260 of 50 a second: parts of the seconds 2 to 5.
  assert.deepEqual(heat, { ...clock, first: 100, seconds: 4 });
  const main = root[3][0][3][0];
  assert.deepEqual(main.slice(4), [0, [149, 1, 151, 3]]);
  assert.deepEqual(main[3][0].slice(4), [0, [260, 5]]);
  assert.match(page, /<canvas id="map" tabindex="0" [^>]* width="48" height="200">/);
  for (const none of [flameGraph(timed, settings), flameGraph([], { ...settings, clock })]) {
    assert.doesNotMatch(flamePage(none), /canvas|SELECTED/);
  }
});

test("flame graphs of nothing are empty", () => {
  const none = flameGraph([], { title: "none", unit: "samples" });
  assert.match(flameSvg(none), /none: 0 samples/);
  assert.match(flamePage(none), /none: 0 samples/);
});

/** What a browser makes of a page, after its script and `steps` have run. */
function rendered(page: string, steps: string, hash = ""): string {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-flame-"));
  try {
    const file = join(folder, "page.html");
    writeFileSync(file, `${page}<script>${steps}</script>`);
    const args = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${folder}/data`];
    const command = [...args, "--dump-dom", `file://${file}${hash}`];
    const { stdout, status } = spawnSync(CHROMIUM, command, { encoding: "utf8" });
    assert.equal(status, 0);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The boxes of a rendered page: name, left edge, width in per cent, and class. */
function boxesOf(dom: string) {
  const entries = [...dom.matchAll(/<button title="(.*?) \(\d+ samples[^>]*>/g)].map(
    ([tag, name]) => {
      const [, left, width] = /left: ([\d.]+)%; width: calc\(([\d.]+)% - 0\.5px\)/.exec(tag)!;
      const kind = /class="([^"]*)"/.exec(tag)?.[1] ?? "";
      return [name!, [Math.round(Number(left)), Math.round(Number(width)), kind]] as const;
    },
  );
  return new Map(entries);
}

const browser = "flamePage() zooms by clicks and searches, in a browser";
const skip = requires(browser, "speed") ||
  (existsSync(CHROMIUM) ? false : "there is no chromium: apt-get install chromium");
test(browser, { skip }, () => {
  const page = flamePage(graph);
  const plain = boxesOf(rendered(page, "", "#s=^vfs"));
  assert.deepEqual(plain.get("outer"), [0, 70, ""]);
  assert.deepEqual(plain.get("vfs_read"), [70, 20, "found"]);
  assert.deepEqual(plain.get("x"), [90, 10, ""]);

  const click = (name: string) =>
    `[...document.querySelectorAll("#graph button")].find((b) => b.textContent === "${name}").click();`;
  const dom = rendered(page, click("outer"), "#s=inner|vfs");
  const zoomed = boxesOf(dom);
  assert.deepEqual(zoomed.get("app"), [0, 100, "around"]);
  assert.deepEqual(zoomed.get("outer"), [0, 100, ""]);
  assert.deepEqual(zoomed.get("inner"), [0, 86, "found"]);
  assert.equal(zoomed.has("vfs_read"), false);
  assert.match(dom, /<span id="matched">matched 80\.0%<\/span>/);

  const back = rendered(page, click("outer") + `document.getElementById("reset").click();`);
  assert.deepEqual(boxesOf(back).get("outer"), [0, 70, ""]);

  // The page keeps a copy of what it showed before the click.
  const copy = `document.body.append(document.getElementById("graph").cloneNode(true));`;
  const both = rendered(flamePage(compared), copy + `document.getElementById("runs").click();`);
  const [, earlier, now] = both.split(`<div id="graph"`).map(boxesOf);
  assert.deepEqual(["inner", "x"].map((name) => now!.get(name)), [[0, 60, ""], [90, 10, ""]]);
  assert.equal(now!.has("old"), false);
  assert.deepEqual(["old", "outer", "x"].map((name) => earlier!.get(name)), [
    [0, 31, ""],
    [31, 50, ""],
    [88, 13, ""],
  ]);
  assert.match(both, /title="old \(0 samples, 0\.0%; before: 25, 31\.3%\)"/);
  assert.match(both, /<div id="gone">Gone since the earlier run:\n25 samples: app;main;old<\/div>/);
});
