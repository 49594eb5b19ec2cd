/**
 * Generates documentation and the list of tools:
 *
 * - docs/api.txt, the public API as text (api.ts), and docs/coverage.md (coverage.ts)
 * - tools/list.ts, from the folders of tools/
 * - docs/NAME.md for each tool, from its options, its examples and the comment at the head of its module
 * - the table of tools in README.md
 * - the scripts of examples/scripts/ in docs/typescript.md
 *
 *     deno task docs            # write
 *     deno task docs --check    # fail if a file is out of date, or a tool has no cases
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exists } from "../mod.ts";
import { apiText } from "./api.ts";
import { coverageText, type Tested } from "./coverage.ts";
import { headerOf } from "./tool_header.ts";
import { type Option, spelling } from "../toolkit/options/options.ts";
import type { Cases } from "../tests/support/cases.ts";
import type { AnyTool } from "../toolkit/run/tool.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const README = "README.md";
const TYPESCRIPT = "docs/typescript.md";
const SCRIPTS = "examples/scripts";

/** A sentence for pages of tools with figures of overhead: how these were measured. */
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
  const options = Object.values(tool.options);
  return [
    `# ${tool.name}`,
    tool.summary,
    ...headerOf(tool.name).map(({ isVerbatim, text }) => isVerbatim ? fenced(text) : text),
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

/** Replaces the text between a page's markers of a given name. */
function between(page: string, path: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const before = page.indexOf(begin);
  const after = page.indexOf(end);
  if (before < 0 || after < before) throw new Error(`${path} has no ${begin} and ${end}`);
  return `${page.slice(0, before)}${begin}\n${text}\n${page.slice(after)}`;
}

/** docs/typescript.md with the scripts, each under its first comment line as a title. */
function typescriptPage(): string {
  const page = readFileSync(PROJECT + TYPESCRIPT, "utf8");
  const names = readdirSync(PROJECT + SCRIPTS).filter((name) => name.endsWith(".ts")).sort();
  const blocks = names.map((name) => {
    const [title, ...code] = readFileSync(`${PROJECT}${SCRIPTS}/${name}`, "utf8").split("\n");
    // The title without full stop and in lower case; abbreviations such as TCP keep their capitals.
    const what = title!.replace(/^\/\/ /, "").replace(/\.$/, "")
      .replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase());
    // `ignore`: the scripts are type-checked as files of examples/scripts/, not as blocks of this page.
    return `**${name}: ${what}**\n\n\`\`\`ts ignore\n${code.join("\n").trim()}\n\`\`\`\n`;
  });
  return between(page, TYPESCRIPT, "scripts", blocks.join("\n"));
}

/** The names of all tools: the folders of tools/ that have a module of the same name. */
const toolNames = () =>
  readdirSync(`${PROJECT}tools`).filter((name) => exists(`${PROJECT}tools/${name}/${name}.ts`))
    .sort();

/**
 * Commands such as `javacalls`: a tool with fixed arguments. A tool of the same name takes precedence.
 */
function commandsOf(all: readonly AnyTool[]): string[] {
  const own = new Set(all.map(({ name }) => name));
  return all.flatMap(({ name, commands = {} }) =>
    Object.entries(commands).filter(([command]) => !own.has(command))
      .map(([command, words]) => `  ${command}: ${JSON.stringify([name, ...words])},`)
  ).sort();
}

/** The text of tools/list.ts. */
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

/** A tool with its cases; empty if it has no file of cases, which `--check` reports. */
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
