/**
 * Writes a man page for each tool and for ts-bcc itself, from the tool's options and header comment.
 *
 *     deno run --allow-read --allow-write=DIR --no-check scripts/man.ts DIR DATE
 *
 * @see man-pages(7), groff_man(7)
 * @module
 */

import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Option, spelling } from "../toolkit/options/options.ts";
import type { AnyTool } from "../toolkit/run/tool.ts";
import { VERSION } from "../toolkit/run/version.ts";
import { commands, tools } from "../tools/list.ts";
import { headerOf } from "./tool_header.ts";

/** Section 8 of the manual: system administration commands. */
const SECTION = 8;
/**
 * Suffix of the names of commands and pages in packages, which may be installed beside bcc's tools.
 */
const SUFFIX = "-tsbcc";

/** Escapes text for roff: no line is a request, and each `-` stays a hyphen-minus, as one types it. */
const roff = (text: string): string =>
  text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll(/^([.'])/gm, "\\&$1");

const bold = (text: string) => `\\fB${roff(text)}\\fR`;
const italic = (text: string) => `\\fI${roff(text)}\\fR`;
const section = (name: string) => `.SH ${name}`;

/** Lines that are printed unchanged (.EX). */
const verbatim = (text: string) => `.PP\n.in +4n\n.EX\n${roff(text)}\n.EE\n.in`;

/** A paragraph of a header comment; one with indented lines, such as a table, is printed unchanged. */
const paragraph = (text: string) =>
  /^ {2,}/m.test(text) ? verbatim(text) : `.PP\n${roff(text.replaceAll("`", ""))}`;

function optionText(option: Option<unknown>): string {
  const names = spelling(option).split("/").map(bold).join(", ");
  const value = option.meta === undefined || option.positional ? "" : ` ${italic(option.meta)}`;
  return `.TP\n${names}${value}\n${roff(option.help)}`;
}

function synopsis(tool: AnyTool): string {
  const positional = Object.values(tool.options).filter((option) => option.positional);
  const words = positional.map((option) => `[${italic(option.long)}]`);
  return [bold(tool.name + SUFFIX), "[OPTION]...", ...words].join(" ");
}

function toolPage(tool: AnyTool, date: string): string {
  return [
    heading(tool.name + SUFFIX, date),
    section("NAME"),
    roff(`${tool.name}${SUFFIX} - ${tool.summary.replace(/\.$/, "")}`),
    section("SYNOPSIS"),
    synopsis(tool),
    section("DESCRIPTION"),
    ...headerOf(tool.name).map(({ isVerbatim, text }) =>
      isVerbatim ? verbatim(text) : paragraph(text)
    ),
    section("OPTIONS"),
    ...Object.values(tool.options).map(optionText),
    section("EXAMPLES"),
    ...tool.examples.map(([call, meaning]) => {
      const [, ...words] = call.split(" ");
      return `.TP\n${bold([tool.name + SUFFIX, ...words].join(" "))}\n${roff(meaning)}`;
    }),
    section('"SEE ALSO"'),
    `${bold("ts-bcc")}(${SECTION}), ${bold("bpf")}(2)`,
  ].join("\n") + "\n";
}

const heading = (name: string, date: string) =>
  `.TH ${roff(name.toUpperCase())} ${SECTION} ${date} "ts\\-bcc ${VERSION}" "eBPF tracing tools"`;

/** The page of the executable of all tools: its commands, and a summary of each tool. */
function mainPage(all: readonly AnyTool[], date: string): string {
  return [
    heading("ts-bcc", date),
    section("NAME"),
    "ts\\-bcc \\- eBPF tracing tools in one executable",
    section("SYNOPSIS"),
    `${bold("ts-bcc")} ${italic("COMMAND")} [${italic("ARGUMENT")}]...`,
    section("DESCRIPTION"),
    `${bold("ts-bcc NAME")} runs a tool; each is there by its own name too, with "${
      roff(SUFFIX)
    }" behind it. ${bold("ts-bcc help")} tells the other commands, ${
      bold("ts-bcc doctor")
    } what this machine can trace, ${
      bold("ts-bcc web")
    } serves a live page that starts them. All of it needs root, or the capabilities that doctor names.`,
    section("TOOLS"),
    ...all.map(({ name, summary }) => `.TP\n${bold(name)}\n${roff(summary)}`),
    ...Object.entries(commands).map(([name, words]) =>
      `.TP\n${bold(name)}\nThe same as ${bold(words.join(" "))}.`
    ),
  ].join("\n") + "\n";
}

const pageOf = (name: string) => `${name}.${SECTION}`;

async function main([directory, date]: readonly string[]): Promise<void> {
  const modules = await Promise.all(Object.values(tools).map((load) => load()));
  const all = modules.map((module) => module.default);
  const write = (name: string, text: string) => writeFileSync(join(directory!, pageOf(name)), text);
  for (const tool of all) write(tool.name + SUFFIX, toolPage(tool, date!));
  for (const [name, [tool]] of Object.entries(commands)) {
    symlinkSync(pageOf(tool + SUFFIX), join(directory!, pageOf(name + SUFFIX)));
  }
  write("ts-bcc", mainPage(all, date!));
}

await main(process.argv.slice(2));
