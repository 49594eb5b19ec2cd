/**
 * Bundles the browser side of the live page, toolkit/web/page/, into toolkit/web/page_text.ts. That file is committed,
 * as kernel objects are, so that tools run without a build.
 *
 *     bun run scripts/web_page.ts            # write
 *     bun run scripts/web_page.ts --check    # fail if the file is out of date
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
    target: "browser";
    format: "iife";
    minify: { whitespace: boolean; syntax: boolean; identifiers: boolean };
  }): Promise<{ outputs: { text(): Promise<string> }[] }>;
}

const path = (name: string) => fileURLToPath(new URL(`../toolkit/web/${name}`, import.meta.url));
const read = (name: string) => readFileSync(path(name), "utf8");

const { Bun: bun } = globalThis as unknown as { Bun: Bundler };
const { outputs: [bundle] } = await bun.build({
  entrypoints: [path("page/main.ts")],
  target: "browser",
  format: "iife",
  // Identifiers are kept, so that the script is readable in a browser.
  minify: { whitespace: true, syntax: true, identifiers: false },
});
const script = (await bundle!.text()).trim();
// HTML ends a script at </script, even inside a string.
if (/<\/script|<!--/i.test(script)) throw new Error("the script would end early in a page");
const style = read("page/style.css").replaceAll(/\n+ */g, "\n").trim();
const html = read("page/page.html").replaceAll(/\n\s+/g, "\n");

const constant = (name: string, text: string) =>
  `/** See page/. */\nexport const ${name}: string =\n  ${JSON.stringify(text)};\n`;
const text = [
  "// Made by scripts/web_page.ts from page/: change those.\n// deno-fmt-ignore-file\n",
  constant("HTML", html),
  constant("STYLE", style),
  constant("SCRIPT", script),
].join("\n");
if (!process.argv.includes("--check")) {
  writeFileSync(path("page_text.ts"), text);
} else if (read("page_text.ts") !== text) {
  console.error(
    "toolkit/web/page_text.ts is not what toolkit/web/page/ makes: bun run scripts/web_page.ts",
  );
  process.exitCode = 1;
}
