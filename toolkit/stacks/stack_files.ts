/**
 * Output files for stacks: flame graphs and profile formats, chosen by the file's ending.
 *
 * @module
 */

import { readNamedFile, requireWritable, writeFile } from "../../plumbing.ts";
import { escapeText } from "../output/escape.ts";
import { UsageError } from "../options/options.ts";
import { flamePage } from "./flame_page.ts";
import { comparable, parseFolded } from "./flame_diff.ts";
import {
  type FlameGraph,
  flameGraph,
  type FlameStack,
  flameSvg,
  type HeatClock,
} from "./flame_graph.ts";
import { type Frame, frameName } from "./kept_stacks.ts";
import { firefoxJson } from "./firefox.ts";
import { encodePprof } from "./pprof.ts";
import { speedscopeJson } from "./speedscope.ts";

/** One stack of one process or thread, and what was summed on it. */
export interface ProfiledStack {
  readonly comm: string;
  /** Undefined where stacks of several processes are summed. */
  readonly pid: number | undefined;
  readonly tid: number | undefined;
  /** Outermost first: those in user space, then those in the kernel. */
  readonly frames: readonly Frame[];
  readonly value: number;
  /** Its samples by slice of time, if that was asked for. */
  readonly heat?: ReadonlyMap<number, number> | undefined;
}

/** All stacks of one report. */
export interface StackProfile {
  readonly tool: string;
  /** What is summed: `samples`, `usecs`, `bytes` or `count`. */
  readonly unit: string;
  /** When it was made, in milliseconds since 1970. */
  readonly time: number;
  readonly stacks: readonly ProfiledStack[];
  /** How the slices of `heat` are numbered. */
  readonly clock?: HeatClock | undefined;
}

/** Which files are wanted. */
export interface StackFileOptions {
  readonly outputs: readonly string[];
  readonly svg: string | undefined;
  readonly html: string | undefined;
  /** Folded output of an earlier run, which flame graphs show the difference to. */
  readonly compare?: string | undefined;
  /** Whether HTML pages show a heat map of the samples over time. */
  readonly heat?: boolean | undefined;
}

/** One format: how a report becomes a file's content. */
interface StackFormat {
  readonly ending: string;
  /** Whether it can show a difference. */
  readonly isGraph?: true;
  make(
    profile: StackProfile,
    graph: FlameGraph,
    foldedLines: readonly string[],
  ): string | Uint8Array;
}

const SVG: StackFormat = { ending: ".svg", isGraph: true, make: (_, graph) => flameSvg(graph) };
const HTML: StackFormat = { ending: ".html", isGraph: true, make: (_, graph) => flamePage(graph) };

const FORMATS: readonly StackFormat[] = [
  SVG,
  HTML,
  {
    ending: ".folded",
    make: (_profile, _graph, lines) => lines.map((line) => line + "\n").join(""),
  },
  {
    ending: ".pb.gz",
    make: (profile) => process.getBuiltinModule("node:zlib").gzipSync(encodePprof(profile)),
  },
  { ending: ".speedscope.json", make: speedscopeJson },
  // After `.speedscope.json`, which ends with `.json` too.
  { ending: ".json", make: firefoxJson },
];

const encoder = new TextEncoder();

interface StackFile {
  readonly file: string;
  readonly format: StackFormat;
}

/** The wanted files, each with its format. @throws {UsageError} for an ending that no format has */
export function stackFiles({ outputs, svg, html }: StackFileOptions): StackFile[] {
  const named = outputs.map((file) => {
    const format = FORMATS.find(({ ending }) => file.endsWith(ending));
    if (format) return { file, format };
    const endings = FORMATS.map(({ ending }) => ending).join(", ");
    throw new UsageError(
      `--output ${file} does not tell a format: end its name in one of ${endings}`,
    );
  });
  return [
    ...named,
    ...svg === undefined ? [] : [{ file: svg, format: SVG }],
    ...html === undefined ? [] : [{ file: html, format: HTML }],
  ];
}

/** @throws {UsageError} when options contradict each other */
export function checkStackFiles(options: StackFileOptions): void {
  const files = stackFiles(options);
  if (options.compare !== undefined && !files.some(({ format }) => format.isGraph)) {
    throw new UsageError("--compare is for flame graphs: use it with --svg or --html");
  }
  if (!options.heat) return;
  if (!files.some(({ format }) => format === HTML)) {
    throw new UsageError("--heat is for the page of a flame graph: use it with --html FILE");
  }
  if (options.compare !== undefined) {
    throw new UsageError("use either --heat or --compare: folded output does not tell when");
  }
}

/**
 * Checks at the start that the files can be read and written at the end.
 *
 * @throws {Error}
 */
export function requireStackFiles(options: StackFileOptions): void {
  for (const { file } of stackFiles(options)) requireWritable(file);
  readEarlier(options.compare);
}

/** Writes the wanted files; returns a line to print for each. */
export function writeStackFiles(
  profile: StackProfile,
  foldedLines: () => readonly string[],
  options: StackFileOptions,
): { readonly file: string; readonly text: string }[] {
  const files = stackFiles(options);
  if (files.length === 0) return [];
  const { tool, unit, clock } = profile;
  const stacks = flameStacks(profile);
  const earlier = readEarlier(options.compare);
  const graph = flameGraph(earlier ? comparable(stacks) : stacks, {
    title: tool,
    unit,
    earlier,
    clock,
  });
  const { value, before } = graph.root;
  const lines = foldedLines().map(escapeText); // a name's line end would begin another stack
  return files.map(({ file, format }) => {
    const content = format.make(profile, graph, lines);
    writeFile(file, typeof content === "string" ? encoder.encode(content) : content);
    const compared = before === undefined || !format.isGraph ? "" : `, before: ${before}`;
    return { file, text: `${file}: ${value} ${unit}${compared}` };
  });
}

function flameStacks({ stacks }: StackProfile): FlameStack[] {
  return stacks.map(({ comm, frames, value, heat }) => ({
    value,
    heat,
    frames: [
      { name: comm, kind: "comm" as const },
      ...frames.map((frame) => ({
        name: frameName(frame),
        kind: frame.kernel ? "kernel" as const : "user" as const,
      })),
    ],
  }));
}

/** The stacks to compare with, by file: kept, since a pipe can be read only once. */
const compared = new Map<string, FlameStack[]>();

function readEarlier(file: string | undefined): FlameStack[] | undefined {
  if (file === undefined) return undefined;
  const known = compared.get(file);
  if (known) return known;
  const text = new TextDecoder().decode(readNamedFile(file));
  try {
    const stacks = parseFolded(text);
    compared.set(file, stacks);
    return stacks;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const advice = "give what -f/--folded has printed";
    throw new Error(`Cannot compare with ${JSON.stringify(file)}: ${error.message}: ${advice}`);
  }
}
