/**
 * Bundles a tool outside this project into one module, for compile.sh with Bun, which has no import
 * maps. Imports that the map names are not bundled: they become imports of this project's files.
 *
 *     bun run scripts/own_bundle.ts PATH/NAME.ts imports.json OUTPUT.js
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The part of Bun's bundler API that is used here: Deno checks this file without Bun's types. */
interface Bundler {
  build(options: {
    entrypoints: string[];
    target: "bun";
    plugins: { name: string; setup(build: Resolving): void }[];
  }): Promise<{ outputs: { text(): Promise<string> }[] }>;
}

interface Resolving {
  onResolve(
    constraints: { filter: RegExp },
    resolve: (asked: { path: string }) => { path: string; external: true } | undefined,
  ): void;
}

const [module, map, output] = process.argv.slice(2) as [string, string, string];
const { imports } = JSON.parse(readFileSync(map, "utf8")) as { imports: Record<string, string> };
const { Bun: bun } = globalThis as unknown as { Bun: Bundler };
const { outputs: [bundle] } = await bun.build({
  entrypoints: [module],
  target: "bun",
  plugins: [{
    name: "this library",
    setup: (build) =>
      build.onResolve({ filter: /./ }, ({ path }) => {
        const file = Object.hasOwn(imports, path) ? imports[path] : undefined;
        return file === undefined ? undefined : { path: fileURLToPath(file), external: true };
      }),
  }],
});
writeFileSync(output, await bundle!.text());
