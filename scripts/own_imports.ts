/**
 * Makes an import map for compile.sh that redirects a tool's imports of ts-bcc to this project: so the
 * executable contains one copy of the library, the one that knows the embedded C libraries.
 *
 *     bun run scripts/own_imports.ts PATH/NAME.ts > imports.json
 *
 * It looks at the tool's module and the modules that it imports by relative paths, for
 * `@ts-bcc/ts-bcc` and its subpaths, with or without `npm:` or `jsr:` and a version, and for URLs: one
 * that ends in `/toolkit/mod.ts` gives the base URL of the library.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const { name: NAME, exports: EXPORTS } = JSON.parse(
  readFileSync(join(PROJECT, "deno.json"), "utf8"),
) as { name: string; exports: Readonly<Record<string, string>> };

/** Matches the module name in `from "…"`, `import "…"`, `import("…")`. */
const SPECIFIER = /\b(?:from|import)\s*\(?\s*(["'])([^"'\n]+)\1/g;

/**
 * The module names that a module imports, and those of all modules that it reaches by relative paths.
 */
function specifiersOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file) || !existsSync(file) || file.endsWith(".bpf.o.ts")) return [];
  seen.add(file);
  const all = Array.from(readFileSync(file, "utf8").matchAll(SPECIFIER), ([, , name]) => name!);
  const near = all.filter((name) => /^\.\.?\//.test(name));
  return [...all, ...near.flatMap((name) => specifiersOf(join(dirname(file), name), seen))];
}

/** The file of this project for an import by the package's name; undefined for other imports. */
function byName(specifier: string): string | undefined {
  const [, rest, part = ""] = /^(?:(?:npm|jsr):\/?)?(@[\w-]+\/[\w-]+)(?:@[^/]+)?(\/.*)?$/
    .exec(specifier) ?? [];
  return rest === NAME ? EXPORTS[`.${part}`] : undefined;
}

/** The import map of a tool's module, as an object. */
export function importsOf(module: string): Record<string, string> {
  const specifiers = [...new Set(specifiersOf(module))];
  const [, base] = specifiers.map((name) => /^(https?:\/\/.*\/)toolkit\/mod\.ts$/.exec(name))
    .find((match) => match !== null) ?? [];
  const found = specifiers.flatMap((specifier) => {
    const isBelow = base !== undefined && specifier.startsWith(base);
    const file = isBelow ? specifier.slice(base.length) : byName(specifier);
    return file === undefined ? [] : [[specifier, pathToFileURL(join(PROJECT, file)).href]];
  });
  return Object.fromEntries(found);
}

if (process.argv[1] !== undefined && process.argv[1].endsWith("own_imports.ts")) {
  const imports = importsOf(process.argv[2]!);
  if (Object.keys(imports).length > 0) console.log(JSON.stringify({ imports }, null, 2));
}
