/**
 * The names that the executable of all tools knows.
 *
 * @module
 */

import type { AnyTool } from "../toolkit/run/tool.ts";

/** How to get each tool, by name. */
export type Tools = Readonly<Record<string, () => Promise<{ default: AnyTool }>>>;

/** Names for tools with some arguments given, such as javacalls for `ucalls -l java`. */
export type Commands = Readonly<Record<string, readonly [tool: string, ...words: string[]]>>;

/** All names, in their order. */
export const namesOf = (tools: Tools, commands: Commands): string[] =>
  [...Object.keys(tools), ...Object.keys(commands)].sort();
