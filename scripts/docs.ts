/**
 * Writes the public API as text (see api.ts), the list of tools, from the folders of tools/, and from the
 * tools themselves a page per tool to docs/, and their table in the README: their options, examples, and
 * the comment at the head of each module; and the scripts of examples/scripts/ to docs/typescript.md.
 *
 *     deno task docs            # write
 *     deno task docs --check    # fail if something is not as it would be written, or a tool has no cases
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exists } from "../mod.ts";
import { apiText } from "./api.ts";
import { coverageText, type Tested } from "./coverage.ts";
import { type Option, spelling } from "../toolkit/options/options.ts";
import type { Cases } from "../tests/support/cases.ts";
import type { AnyTool } from "../toolkit/run/tool.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const README = "README.md";
const TYPESCRIPT = "docs/typescript.md";
const SCRIPTS = "examples/scripts";

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
  return between(readme, README, "tools", table);
}

/** Puts a text where a page has the marks for it. */
function between(page: string, path: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const before = page.indexOf(begin);
  const after = page.indexOf(end);
  if (before < 0 || after < before) throw new Error(`${path} has no ${begin} and ${end}`);
  return `${page.slice(0, before)}${begin}\n${text}\n${page.slice(after)}`;
}

/** The scripts with the first line of each as its title. */
function typescriptPage(): string {
  const page = readFileSync(PROJECT + TYPESCRIPT, "utf8");
  const names = readdirSync(PROJECT + SCRIPTS).filter((name) => name.endsWith(".ts")).sort();
  const blocks = names.map((name) => {
    const [title, ...code] = readFileSync(`${PROJECT}${SCRIPTS}/${name}`, "utf8").split("\n");
    const what = title!.replace(/^\/\/ (.)(.*)\.$/, (_, first, rest) => first.toLowerCase() + rest);
    // Checked as files: these blocks would be checked without their order.
    return `**${name}: ${what}**\n\n\`\`\`ts ignore\n${code.join("\n").trim()}\n\`\`\`\n`;
  });
  return between(page, TYPESCRIPT, "scripts", blocks.join("\n"));
}

/** The tools: each folder of tools/ that holds a module of its own name. */
const toolNames = () =>
  readdirSync(`${PROJECT}tools`).filter((name) => exists(`${PROJECT}tools/${name}/${name}.ts`))
    .sort();

/** Names of tools with arguments given; a tool of its own goes before such a name. */
function commandsOf(all: readonly AnyTool[]): string[] {
  const own = new Set(all.map(({ name }) => name));
  return all.flatMap(({ name, commands = {} }) =>
    Object.entries(commands).filter(([command]) => !own.has(command))
      .map(([command, words]) => `  ${command}: ${JSON.stringify([name, ...words])},`)
  ).sort();
}

/** What tools/list.ts says. */
function listModule(all: readonly AnyTool[]): string {
  const names = all.map(({ name }) => name);
  return `/**
 * All tools, by name: what the executable of all tools holds. Each is imported when it is run.
 * Generated by \`deno task docs\` from the folders beside it: do not edit.
 *
 * @module
 */

import type { AnyTool } from "../toolkit/run/tool.ts";

/** How to get each tool. */
export const tools: Readonly<Record<string, () => Promise<{ default: AnyTool }>>> = {
${names.map((name) => `  ${name}: () => import("./${name}/${name}.ts"),`).join("\n")}
};

/** Names of tools with arguments given: the tool, and what comes before the user's arguments. */
export const commands: Readonly<Record<string, readonly [tool: string, ...words: string[]]>> = {
${commandsOf(all).join("\n").replaceAll('","', '", "')}
};
`;
}

async function load(name: string): Promise<AnyTool> {
  const module = await import(`../tools/${name}/${name}.ts`) as { default: AnyTool };
  return module.default;
}

/** A tool with its cases; one that has none yet is told of by `--check`. */
async function withCases(tool: AnyTool): Promise<Tested> {
  const path = `tools/${tool.name}/${tool.name}.cases.ts`;
  if (!exists(PROJECT + path)) return { tool, cases: { cases: [] } };
  const module = await import(`../${path}`) as { default: Cases };
  return { tool, cases: module.default };
}

async function main(words: readonly string[]): Promise<number> {
  const names = toolNames();
  const all = await Promise.all(names.map(load));
  const texts = new Map(all.map((tool) => [`docs/${tool.name}.md`, page(tool)]));
  texts.set("tools/list.ts", listModule(all));
  texts.set(README, readmeWith(all));
  texts.set("docs/api.txt", apiText());
  texts.set("docs/coverage.md", coverageText(await Promise.all(all.map(withCases))));
  texts.set(TYPESCRIPT, typescriptPage());
  const isCurrent = (path: string, text: string) =>
    exists(PROJECT + path) && readFileSync(PROJECT + path, "utf8") === text;
  const stale = [...texts].filter(([path, text]) => !isCurrent(path, text));
  if (words.includes("--check")) {
    const untested = names.filter((name) => !exists(`${PROJECT}tools/${name}/${name}.cases.ts`));
    for (const name of untested) console.error(`docs: tools/${name} has no ${name}.cases.ts`);
    if (untested.length > 0) return 1;
    if (stale.length === 0) return 0;
    console.error(`docs: not as the tools say: ${stale.map(([path]) => path).join(" ")}`);
    if (stale.some(([path]) => path === "docs/api.txt")) {
      console.error("docs: the public API has changed: explain it in CHANGELOG.md");
    }
    console.error("docs: write them with: deno task docs");
    return 1;
  }
  mkdirSync(`${PROJECT}docs`, { recursive: true });
  for (const [path, text] of stale) writeFileSync(PROJECT + path, text);
  return 0;
}

process.exit(await main(process.argv.slice(2)));
