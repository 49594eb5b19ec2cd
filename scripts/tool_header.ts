/**
 * What the comment at the head of a tool's module says: its page and its man page are made of it.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** A comment without its usage, which the options tell. */
export interface Header {
  /** Lines as the tool printed them. */
  readonly sessions: readonly string[];
  readonly paragraphs: readonly string[];
}

/** The header of a tool of ours. @throws {Error} if it has none */
export function headerOf(name: string): Header {
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
