/**
 * The names of tools and short commands in the executable that holds all tools.
 *
 * @module
 */

import type { AnyTool } from "../toolkit/run/tool.ts";

/** Functions that import each tool, by name. */
export type Tools = Readonly<Record<string, () => Promise<{ default: AnyTool }>>>;

/** Names for tools with some arguments given, such as javacalls for `ucalls -l java`. */
export type Commands = Readonly<Record<string, readonly [tool: string, ...words: string[]]>>;

/** All names, sorted. */
export const namesOf = (tools: Tools, commands: Commands): string[] =>
  [...Object.keys(tools), ...Object.keys(commands)].sort();
