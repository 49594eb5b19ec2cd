/**
 * Checks which way imports point: `deno run --allow-read scripts/arrows.ts` prints what is wrong and
 * ends with status 1, or prints nothing.
 *
 * Five rules ("The rooms" in ARCHITECTURE.md): an import goes from a layer to itself or to one below
 * it; no two rooms import each other, directly or by way of others; no tool imports another's files.
 * Each room says in its README.md what is in it. Tests are free. An import of types counts: who reads the code has to follow it too.
 *
 * Within a room no two files import each other either, types left out: a type may lie with the functions that
 * return it. Only recursive descent is as recursive as what it descends.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** From the top down: each may import of itself and of what comes after it. */
const LAYERS = [
  ["tools", "cli", "examples"],
  ["toolkit"],
  ["mod.ts", "kernel.ts", "plumbing.ts"],
  ["bpf"],
  ["ffi"],
  ["ffi/codec"],
  ["ffi/error"],
] as const;

/** Rooms whose files may import each other, as the parts of what they read contain each other. */
const RECURSIVE: readonly string[] = ["bpf/typescript/lower"];

/** One import: who asks for whom. */
interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** The layer of a file, by the longest name that fits; -1 for what has none, such as tests. */
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

/** `import … from "./x.ts"`, `export … from`, `import("./x.ts")`, `#include "x.h"`; not in comments. */
const IMPORT =
  /^(?! *\*).*(?:\bfrom |\bimport\(|^import )"(\.{1,2}\/[^"]+)"|^\s*#\s*include "([^"]+)"/gm;

function arrowsOf(file: string): Arrow[] {
  const text = readFileSync(join(PROJECT, file), "utf8");
  return Array.from(text.matchAll(IMPORT), ([, module, header]) => ({
    from: file,
    to: normalize(join(dirname(file), (module ?? header)!)),
  })).filter(({ to }) => layerOf(to) >= 0);
}

/** A file's folder; the few files at the head of bpf/ are a room each. */
const roomOf = (file: string): string => dirname(file) === "bpf" ? file : dirname(file);

/** `import { a, type B } from "./x.ts"` and the like, which are there when the program runs, from its beginning. */
const STATEMENT = /^(?:import|export) (?!type\b)([^;"]*?) from "(\.{1,2}\/[^"]+)"/gm;

function valueArrowsOf(file: string): Arrow[] {
  const text = readFileSync(join(PROJECT, file), "utf8");
  return [...text.matchAll(STATEMENT)]
    .filter(([, names]) =>
      names!.replace(/[{}]/g, "").split(",").some((name) => /^\s*(?!type )\S/.test(name))
    )
    .map(([, , module]) => ({ from: file, to: normalize(join(dirname(file), module!)) }));
}

/** Rooms, or files, that reach each other, as a path that returns to its beginning. */
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

/** Rooms without a README.md; a tool's folder has its page in docs/. */
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
const all = [...files, "mod.ts", "kernel.ts", "plumbing.ts"];
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
