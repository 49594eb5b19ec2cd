/**
 * Writes a page per tool to docs/, and the list of tools into the README, from the tools themselves:
 * their options, examples, and the comment at the head of each module.
 *
 *     deno task docs            # write
 *     deno task docs --check    # fail if something is not as it would be written
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exists } from "../mod.ts";
import { type Option, spelling } from "../toolkit/options/options.ts";
import type { AnyTool } from "../toolkit/run/tool.ts";
import { tools } from "../tools/list.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const README = "README.md";
const [BEGIN, END] = ["<!-- tools:begin -->", "<!-- tools:end -->"];

/** What the comment at the head of a module says, without the usage, which the options tell. */
interface Header {
  /** Lines as the tool printed them. */
  readonly sessions: readonly string[];
  readonly paragraphs: readonly string[];
}

function headerOf(name: string): Header {
  const source = readFileSync(`${PROJECT}tools/${name}/${name}.ts`, "utf8");
  const comment = /^\/\*\*\n(.*?)\n \*\//s.exec(source)?.[1];
  if (comment === undefined) throw new Error(`tools/${name}/${name}.ts has no comment at its head`);
  const blocks = comment.replaceAll(/^ \* ?/gm, "").split(/\n{2,}/);
  const texts = blocks.slice(1).filter((block) => !block.startsWith("USAGE:"));
  const isSession = (block: string) => block.startsWith("    ");
  return {
    sessions: texts.filter(isSession).map((block) => block.replaceAll(/^ {4}/gm, "")),
    paragraphs: texts.filter((block) => !isSession(block)),
  };
}

/** How the overhead in the comments was found. */
const MEASURED =
  "Costs in the kernel are the programs' own time as `kernel.bpf_stats_enabled` tells " +
  "it, on a busy virtual machine with two CPUs.";

const fenced = (text: string) => `\`\`\`\n${text}\n\`\`\``;
const cell = (text: string) => text.replaceAll("|", "\\|");

function optionRow(option: Option<unknown>): string {
  const value = option.meta === undefined || option.positional ? "" : ` ${option.meta}`;
  return `| \`${cell(spelling(option) + value)}\` | ${cell(option.help)} |`;
}

function page(tool: AnyTool): string {
  const { sessions, paragraphs } = headerOf(tool.name);
  const options = Object.values(tool.options);
  return [
    `# ${tool.name}`,
    tool.summary,
    ...sessions.map(fenced),
    ...paragraphs,
    MEASURED,
    "## Options",
    ["| option | meaning |", "| --- | --- |", ...options.map(optionRow)].join("\n"),
    "## Examples",
    fenced(tool.examples.map(([call, meaning]) => `# ${meaning}\n${call}`).join("\n")),
    `Made by \`deno task docs\` from [tools/${tool.name}/${tool.name}.ts](../tools/${tool.name}/${tool.name}.ts).`,
  ].join("\n\n") + "\n";
}

function readmeWith(all: readonly AnyTool[]): string {
  const readme = readFileSync(PROJECT + README, "utf8");
  const rows = all.map(({ name, summary }) =>
    `| [\`${name}\`](docs/${name}.md) | ${cell(summary)} |`
  );
  const table = ["| tool | what it shows |", "| --- | --- |", ...rows].join("\n");
  const before = readme.indexOf(BEGIN);
  const after = readme.indexOf(END);
  if (before < 0 || after < before) throw new Error(`${README} has no ${BEGIN} and ${END}`);
  return `${readme.slice(0, before)}${BEGIN}\n${table}\n${readme.slice(after)}`;
}

async function main(words: readonly string[]): Promise<number> {
  const all = await Promise.all(Object.values(tools).map(async (load) => (await load()).default));
  const texts = new Map(all.map((tool) => [`docs/${tool.name}.md`, page(tool)]));
  texts.set(README, readmeWith(all));
  const isCurrent = (path: string, text: string) =>
    exists(PROJECT + path) && readFileSync(PROJECT + path, "utf8") === text;
  const stale = [...texts].filter(([path, text]) => !isCurrent(path, text));
  if (words.includes("--check")) {
    if (stale.length === 0) return 0;
    console.error(`docs: not as the tools say: ${stale.map(([path]) => path).join(" ")}`);
    console.error("docs: write them with: deno task docs");
    return 1;
  }
  mkdirSync(`${PROJECT}docs`, { recursive: true });
  for (const [path, text] of stale) writeFileSync(PROJECT + path, text);
  return 0;
}

process.exit(await main(process.argv.slice(2)));
