/**
 * Which names a C text mentions: generated headers contain only those.
 *
 * This is no parser. It errs on the side of too many names: one too many costs a line in the
 * headers, a missing one a compiler error.
 *
 * @module
 */

import { exists, readText } from "../../../ffi/libc/files.ts";

/** The names that a text and the files it includes use. */
export interface Mentions {
  /** Every identifier. */
  readonly identifiers: Set<string>;
  /** Tags of structs, unions and enums: what follows one of these words. */
  readonly tags: Set<string>;
  /** Names that the text defines itself: tags, typedefs, macros and enumerators. */
  readonly defined: Set<string>;
  /** What is included in angle brackets: `linux/sched.h`. */
  readonly includes: Set<string>;
  /** Tracepoints whose argument structs libbcc makes: `sched/sched_switch`. */
  readonly tracepoints: Set<string>;
}

/** Where to look for included files. */
export interface SearchPath {
  /** The folder of the text itself; undefined when it comes from no file. */
  readonly folder: string | undefined;
  /** The folders of `-I`, absolute. */
  readonly includes: readonly string[];
}

/** Collects what a text mentions, with the files of the user's own that it includes. */
export function collectMentions(text: string, path: SearchPath): Mentions {
  const mentions: Mentions = {
    identifiers: new Set(),
    tags: new Set(),
    defined: new Set(),
    includes: new Set(),
    tracepoints: new Set(),
  };
  for (const own of ownTexts(text, path, (name) => mentions.includes.add(name))) {
    addMentions(mentions, own);
  }
  return mentions;
}

/**
 * Scans a text and the files of the user's own that it includes; `other` receives the other
 * includes.
 */
export function* ownTexts(
  text: string,
  path: SearchPath,
  other: (name: string) => void = () => {},
  seen: Set<string> = new Set(),
): Generator<string, void, void> {
  for (const [, open, name] of text.matchAll(/^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]/gm)) {
    const file = findOwn(name!, open === '"', path);
    if (file === undefined) other(name!);
    else if (!seen.has(file)) {
      seen.add(file);
      const folder = file.slice(0, file.lastIndexOf("/"));
      yield* ownTexts(readText(file), { ...path, folder }, other, seen);
    }
  }
  yield text;
}

/** Adds the names in C text that includes nothing. */
export function addNames(mentions: Mentions, text: string): void {
  for (const [name] of text.matchAll(/[A-Za-z_]\w*/g)) mentions.identifiers.add(name);
  for (const [, tag] of text.matchAll(/\b(?:struct|union|enum)\s+([A-Za-z_]\w*)/g)) {
    mentions.tags.add(tag!);
  }
}

function addMentions(mentions: Mentions, text: string): void {
  const code = withoutComments(text);
  addNames(mentions, code);
  addDefinitions(mentions.defined, code);
  const probes = code.matchAll(/\bTRACEPOINT_PROBE\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)/g);
  for (const [, category, event] of probes) mentions.tracepoints.add(`${category}/${event}`);
  // This macro derives its context's type from the name.
  for (const [, target] of code.matchAll(/\bBPF_ITER\s*\(\s*(\w+)\s*\)/g)) {
    addNames(mentions, `struct bpf_iter__${target}`);
  }
  for (const [, category, event] of code.matchAll(/\btracepoint__(\w+?)__(\w+)/g)) {
    mentions.tracepoints.add(`${category}/${event}`);
  }
}

function findOwn(name: string, quoted: boolean, path: SearchPath): string | undefined {
  if (name.startsWith("/")) return exists(name) ? name : undefined;
  const own = quoted && path.folder !== undefined ? [path.folder] : [];
  const folders = [...own, ...path.includes];
  return folders.map((folder) => `${folder}/${name}`).find(exists);
}

/** Replaces comments and the contents of strings by nothing. */
export function withoutComments(text: string): string {
  return text.replace(
    /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g,
    (found) => found.startsWith('"') ? '""' : " ",
  );
}

function addDefinitions(defined: Set<string>, code: string): void {
  for (const [, name] of code.matchAll(/^[ \t]*#[ \t]*define[ \t]+(\w+)/gm)) defined.add(name!);
  const tags = /\b(?:struct|union|enum)\s+(\w+)\s*(?:__attribute__\s*\(\([^)]*\)\)\s*)?\{/g;
  for (const [, name] of code.matchAll(tags)) defined.add(name!);
  for (const [, body] of code.matchAll(/\benum\b[^{;()]*\{([^}]*)\}/g)) {
    for (const part of body!.split(",")) {
      const name = /^\s*(\w+)/.exec(part)?.[1];
      if (name) defined.add(name);
    }
  }
  for (const [, name] of code.matchAll(/\}\s*(\w+)\s*;/g)) defined.add(name!);
  // Up to the next typedef at most: unterminated text would otherwise be rescanned for each one
  // (quadratic).
  for (const [, body] of code.matchAll(/\btypedef\b((?:(?!\btypedef\b)[^;{}])*)/g)) {
    const bare = body!.split("[", 1)[0]!.trimEnd();
    const last = [...bare.matchAll(/\w+/g)].at(-1);
    if (last && last.index + last[0].length === bare.length) defined.add(last[0]);
    const pointer = /\(\s*\*\s*(\w+)\s*\)/.exec(body!)?.[1];
    if (pointer) defined.add(pointer);
  }
  // A macro that the text undefines must be defined by the headers first.
  for (const [, name] of code.matchAll(/^[ \t]*#[ \t]*undef[ \t]+(\w+)/gm)) defined.delete(name!);
}
