/**
 * Parses the comment at the head of a tool's module, from which its page in docs/ and its man page
 * are made.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** A paragraph, or verbatim lines such as a tool's output. */
export interface Block {
  readonly isVerbatim: boolean;
  readonly text: string;
}

/**
 * The blocks of a tool's header comment, without the usage, which is generated from the options.
 *
 * @throws {Error} if it has none
 */
export function headerOf(name: string): Block[] {
  const source = readFileSync(`${PROJECT}tools/${name}/${name}.ts`, "utf8");
  const comment = /^\/\*\*\n(.*?)\n \*\//s.exec(source)?.[1];
  if (comment === undefined) throw new Error(`tools/${name}/${name}.ts has no comment at its head`);
  const blocks = comment.replaceAll(/^ \* ?/gm, "").split(/\n{2,}/);
  return blocks.slice(1).filter((block) => !block.startsWith("USAGE:")).map((block) => ({
    isVerbatim: block.startsWith("    "),
    text: block.startsWith("    ") ? block.replaceAll(/^ {4}/gm, "") : block,
  }));
}
