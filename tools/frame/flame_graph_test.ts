import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { requires } from "../../tests/support/requires.ts";
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

const graph = flameGraph(
  ["app;main;outer 10", "app;main;outer;inner 60", "app;main;read;vfs_read_[k] 20", "x;main 10"]
    .map(stack),
  { title: "test", unit: "samples" },
);

test("flameGraph() merges stacks that begin alike", () => {
  const [app, x] = graph.root.children;
  assert.deepEqual([graph.root.value, app!.value, x!.value], [100, 90, 10]);
  const [outer, read] = app!.children[0]!.children;
  assert.deepEqual([outer!.name, outer!.value, outer!.children[0]!.value], ["outer", 70, 60]);
  assert.deepEqual([read!.children[0]!.kind, read!.children[0]!.value], ["kernel", 20]);
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
});
