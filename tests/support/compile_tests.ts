/**
 * Compiles test files into one executable that runs them:
 * `bun tests/support/compile_tests.ts OUTPUT MINIFY FILE...`.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";

/** The part of Bun's bundler API that is used here: Deno checks this file without Bun's types. */
interface Bundler {
  build(options: {
    entrypoints: string[];
    format: "esm";
    bytecode: boolean;
    minify: boolean;
    compile: { outfile: string };
    plugins: { name: string; setup(build: Loading): void }[];
  }): Promise<{ success: boolean; logs: unknown[] }>;
}

interface Loading {
  onResolve(
    constraints: { filter: RegExp },
    resolve: (asked: { path: string }) => { path: string; namespace?: string },
  ): void;
  onLoad(
    constraints: { filter: RegExp; namespace?: string },
    load: (asked: { path: string }) => { contents: string; loader: "ts" },
  ): void;
}

const RUNNER = new URL("test_in_order.ts", import.meta.url).pathname;
const [outfile, minify, ...files] = process.argv.slice(2) as [string, string, ...string[]];

const { Bun } = globalThis as unknown as { Bun: Bundler };
const { success, logs } = await Bun.build({
  entrypoints: ["all"],
  format: "esm",
  bytecode: minify === "true",
  minify: minify === "true",
  compile: { outfile },
  plugins: [{
    name: "tests",
    setup(build) {
      build.onResolve({ filter: /^all$/ }, ({ path }) => ({ path, namespace: "tests" }));
      build.onLoad({ filter: /^all$/, namespace: "tests" }, () => ({
        contents: [
          ...files.map((file) => `import ${JSON.stringify(file)};`),
          `import { runAll } from ${JSON.stringify(RUNNER)};`,
          "await runAll();",
        ].join("\n"),
        loader: "ts",
      }));
      // Plugins are not asked for built-in modules such as node:test, so the source text is changed. Files that
      // tests read by paths relative to their module are still read from the source tree.
      build.onLoad({ filter: /\/tests\/(?:host|support)\/.*\.ts$/ }, ({ path }) => ({
        contents: readFileSync(path, "utf8")
          .replace('"node:test"', JSON.stringify(RUNNER))
          .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)),
        loader: "ts",
      }));
    },
  }],
});
if (!success) console.error(logs.join("\n"));
process.exitCode = success ? 0 : 1;
