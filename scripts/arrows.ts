/**
 * Checks the direction of imports between folders: `deno run --allow-read scripts/arrows.ts` prints violations
 * and ends with status 1, or prints nothing.
 *
 * Five rules ("The rooms" in ARCHITECTURE.md; a room is a folder):
 *
 * - A file imports from its own layer or from a layer below it.
 * - No import cycles between folders, type imports included: readers have to follow those, too.
 * - No tool imports files of another tool.
 * - Each folder has a README.md that says what is in it.
 * - No import cycles between the files of a folder, type imports left out: a type may be declared beside the
 *   functions that return it. Excepted are recursive-descent modules (`RECURSIVE`).
 *
 * Tests may import everything.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** The layers from top to bottom: each may import from itself and from those after it. */
const LAYERS = [
  ["tools", "cli", "examples"],
  ["toolkit"],
  ["mod.ts", "kernel.ts", "plumbing.ts", "compiler.ts", "unwinding.ts"],
  ["bpf"],
  ["ffi"],
  ["ffi/codec"],
  ["ffi/error"],
] as const;

/** Folders whose files may import each other: recursive descent over a recursive syntax. */
const RECURSIVE: readonly string[] = ["bpf/typescript/lower"];

/** One import: the importing file and the imported file. */
interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** The layer of a file, by the longest matching path; -1 if it has none, such as tests. */
function layerOf(file: string): number {
  let found = -1;
  let length = 0;
  LAYERS.forEach((names, layer) => {
    for (const name of names) {
      if ((file === name || file.startsWith(`${name}/`)) && name.length > length) {
        [found, length] = [layer, name.length];
      }
    }
  });
  return found;
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(PROJECT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => /\.(ts|h|c)$/.test(name) && !/_test\.ts$|\.bpf\.o\.ts$/.test(name));
}

/** Matches `import … from "./x.ts"`, `export … from`, `import("./x.ts")`, `#include "x.h"`, outside of comments. */
const IMPORT =
  /^(?! *\*).*(?:\bfrom |\bimport\(|^import )"(\.{1,2}\/[^"]+)"|^\s*#\s*include "([^"]+)"/gm;

function arrowsOf(file: string): Arrow[] {
  const text = readFileSync(join(PROJECT, file), "utf8");
  return Array.from(text.matchAll(IMPORT), ([, module, header]) => ({
    from: file,
    to: normalize(join(dirname(file), (module ?? header)!)),
  })).filter(({ to }) => layerOf(to) >= 0);
}

/** A file's folder; each file directly in bpf/ counts as a folder of its own. */
const roomOf = (file: string): string => dirname(file) === "bpf" ? file : dirname(file);

/** Matches static imports and exports of values, such as `import { a, type B } from "./x.ts"`. */
const STATEMENT = /^(?:import|export) (?!type\b)([^;"]*?) from "(\.{1,2}\/[^"]+)"/gm;

function valueArrowsOf(file: string): Arrow[] {
  const text = readFileSync(join(PROJECT, file), "utf8");
  return [...text.matchAll(STATEMENT)]
    .filter(([, names]) =>
      names!.replace(/[{}]/g, "").split(",").some((name) => /^\s*(?!type )\S/.test(name))
    )
    .map(([, , module]) => ({ from: file, to: normalize(join(dirname(file), module!)) }));
}

/** Import cycles between folders (or files), each as the path of imports that closes the cycle. */
function cyclesOf(arrows: readonly Arrow[], roomOf: (file: string) => string): string[] {
  const next = new Map<string, Map<string, Arrow>>();
  for (const arrow of arrows) {
    const [from, to] = [roomOf(arrow.from), roomOf(arrow.to)];
    if (from === to) continue;
    const known = next.get(from) ?? new Map<string, Arrow>();
    if (!known.has(to)) known.set(to, arrow);
    next.set(from, known);
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (room: string, path: Arrow[]) => {
    const at = path.findIndex(({ from }) => roomOf(from) === room);
    if (at >= 0) {
      found.push(path.slice(at).map(({ from, to }) => `${from} -> ${to}`).join(", "));
      return;
    }
    if (done.has(room)) return;
    for (const [to, arrow] of next.get(room) ?? []) visit(to, [...path, arrow]);
    done.add(room);
  };
  for (const room of next.keys()) visit(room, []);
  return found;
}

/** Folders without a README.md. Not checked are those of tools, which have pages in docs/. */
function unintroduced(): string[] {
  const tops = ["bpf", "ffi", "toolkit", "cli", "tools", "tests", "examples", "bench", "scripts"];
  const folders = tops.flatMap((top) => [
    top,
    ...readdirSync(join(PROJECT, top), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name }) => relative(PROJECT, join(parentPath, name))),
  ]);
  return folders.filter((folder) =>
    !/^tools\/|^tests\/testdata|^scripts\/npm|node_modules/.test(folder) &&
    !existsSync(join(PROJECT, folder, "README.md"))
  );
}

const files = ["tools", "cli", "examples", "toolkit", "bpf", "ffi"].flatMap(sourcesIn);
const all = [...files, "mod.ts", "kernel.ts", "plumbing.ts", "compiler.ts", "unwinding.ts"];
const arrows = all.flatMap(arrowsOf);
const values = all.filter((file) => !RECURSIVE.includes(dirname(file))).flatMap(valueArrowsOf);
const upward = arrows.filter(({ from, to }) => layerOf(to) < layerOf(from));
const between = arrows.filter(({ from, to }) =>
  /^tools\/[^/]+\//.test(from) && /^tools\/[^/]+\//.test(to) && dirname(from) !== dirname(to)
);
const problems = [
  ...upward.map(({ from, to }) => `${from} imports ${to}, which is above it`),
  ...between.map(({ from, to }) => `${from} imports ${to} of another tool: move it to toolkit/`),
  ...unintroduced().map((folder) =>
    `${folder}/ has no README.md: say in a paragraph what is in it`
  ),
  ...cyclesOf(arrows, roomOf).map((path) => `rooms import each other: ${path}`),
  ...cyclesOf(values, (file) => file).map((path) => `files import each other: ${path}`),
];
for (const problem of problems) console.error(`arrows: ${problem}`);
if (problems.length > 0) process.exit(1);
