/**
 * Command-line options: declared as data, parsed as argparse does, since bcc's users type them so.
 *
 * `-Tp 181`, `-p181`, `--pid=181`, `--pid 181` and unambiguous prefixes (`--dur 5`) all work; in
 * long names `-` and `_` are the same.
 *
 * @module
 */

import { TsBccError } from "../../mod.ts";
import { type Machine, thisMachine } from "../machine/machine.ts";

/** One option. Its type parameter is the type of its parsed value. */
export interface Option<T> {
  /** One letter, without the dash. */
  readonly short?: string;
  /** Without the dashes; `-` and `_` are the same. */
  readonly long: string;
  /** The line in the help. */
  readonly help: string;
  /** The value's placeholder in the help; an option without one takes no value. */
  readonly meta?: string;
  /** A positional argument; `long` is its name in the help. */
  readonly positional?: true;
  /** A positional argument that takes all remaining words. */
  readonly many?: true;
  /**
   * For an option whose value may be left out, which is then parsed as "": whether the next word is
   * its value. Other values are given as `--option=value`.
   */
  takesNext?(word: string): boolean;
  /** It takes all words that follow, as `--exec` does. */
  readonly rest?: true;
  /** The value when the option is not given. */
  readonly initial: T;
  /** The new value after one occurrence. @throws {UsageError} */
  parse(text: string, before: T, machine: Machine): T;
}

/** Options by the keys of their values. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The parsed values of options. */
export type Values<O> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** A usage error; exit status 2. */
export class UsageError extends TsBccError {
  /** The name of the class. */
  override name = "UsageError";
  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "usage" {
    return "usage";
  }
  /** Whether the message has lines after its sentence that quote the user's text with a caret. */
  readonly showsPlace: boolean = false;
}

/** An option's spelling and description in the help. */
export type Names = Pick<Option<unknown>, "short" | "long" | "help">;

/** An option without a value. */
export function flag(names: Names): Option<boolean> {
  return { ...names, initial: false, parse: () => true };
}

/** An option with text. */
export function text(names: Names & { meta: string }): Option<string | undefined> {
  return { ...names, initial: undefined, parse: (value) => value };
}

/** An option that may be given several times, with texts. */
export function list(names: Names & { meta: string }): Option<readonly string[]> {
  return { ...names, initial: [], parse: (value, before) => [...before, value] };
}

/** An option that takes the rest of the command line as its value. */
export function rest(names: Names & { meta: string }): Option<readonly string[] | undefined> {
  return {
    ...names,
    rest: true,
    initial: undefined,
    parse: (value, before) => [...before ?? [], value],
  };
}

/** An option with a regular expression. */
export function pattern(names: Names & { meta: string }): Option<RegExp | undefined> {
  return {
    ...names,
    initial: undefined,
    parse(value) {
      try {
        return new RegExp(value, "u");
      } catch (error) {
        throw new UsageError((error as Error).message);
      }
    },
  };
}

/**
 * Parameters of a number: whole unless `fraction`, from `min` to `max`. `what` describes it in
 * errors.
 */
export interface Range {
  /** The value's placeholder in the help: `SECONDS`. */
  readonly meta: string;
  /** "a process id" */
  readonly what: string;
  /** The least that is taken. */
  readonly min: number;
  /** The most that is taken. */
  readonly max: number;
  /** Whether it may have a fraction. */
  readonly fraction?: true;
}

/** An option with a number. */
export function number(names: Names & Range): Option<number | undefined> {
  const { what, min, max, fraction } = names;
  return {
    ...names,
    initial: undefined,
    parse(value) {
      const pattern = fraction ? /^\d+(\.\d+)?$/ : /^\d+$/;
      const parsed = pattern.test(value) ? Number(value) : NaN;
      if (!(parsed >= min && parsed <= max)) {
        throw new UsageError(
          `expected ${what}, a ${fraction ? "" : "whole "}number from ${min} to ${max}`,
        );
      }
      return parsed;
    },
  };
}

/** Makes an option a positional argument: `biolatency 1 10`. */
export function argument<T>(option: Option<T>): Option<T> {
  return { ...option, positional: true };
}

/** A positional argument that may be given several times. */
export function argumentList(names: Names): Option<readonly string[]> {
  return { ...argument(list({ ...names, meta: names.long })), many: true };
}

/** Removes an option's short form, for a tool in which that letter means something else. */
export function longOnly<T>({ short: _, ...option }: Option<T>): Option<T> {
  return option;
}

/** An option as messages name it: `-p/--pid`. */
export function spelling({ short, long, positional }: Names & { positional?: true }): string {
  if (positional) return long;
  return short ? `-${short}/--${long}` : `--${long}`;
}

/** Parses the words after the tool's name. @throws {UsageError} naming the option and what it expects */
export function parseOptions<O>(
  options: O & Options,
  words: readonly string[],
  machine: Machine = thisMachine,
): Values<O> {
  const all = Object.entries(options);
  const byName = new Map(all.filter(([, option]) => !option.positional));
  const places = all.filter(([, option]) => option.positional);
  const values: Record<string, unknown> = {};
  for (const [name, option] of all) values[name] = option.initial;
  const queue = [...words];

  const parse = (name: string, option: Option<unknown>, value: string) => {
    try {
      values[name] = option.parse(value, values[name], machine);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(
        `invalid value ${JSON.stringify(value)} for ${spelling(option)}: ${error.message}`,
      );
    }
  };
  const take = (name: string, given: string | undefined) => {
    const option = byName.get(name)!;
    if (option.rest) {
      if (given !== undefined) queue.unshift(given);
      if (queue.length === 0) throw new UsageError(`${spelling(option)} needs ${option.meta}`);
      return queue.splice(0).forEach((value) => parse(name, option, value));
    }
    if (option.meta === undefined) {
      if (given !== undefined) throw new UsageError(`${spelling(option)} takes no value`);
      return parse(name, option, "");
    }
    if (given === undefined && option.takesNext) {
      const isMeant = queue.length > 0 && option.takesNext(queue[0]!);
      return parse(name, option, isMeant ? queue.shift()! : "");
    }
    const value = given ?? queue.shift();
    // A missing value must not take the next option as value: -n --json
    if (value === undefined || given === undefined && /^-\D/.test(value)) {
      throw new UsageError(`${spelling(option)} needs a value: ${option.meta}`);
    }
    parse(name, option, value);
  };

  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word.startsWith("--") && word.length > 2) {
      const [, long, given] = /^--([^=]*)(?:=([^]*))?$/.exec(word)!;
      take(findLong(byName, long!), given);
    } else if (word.startsWith("-") && word.length > 1) {
      takeCluster(byName, word, take);
    } else {
      const place = places[0]?.[1].many ? places[0] : places.shift();
      if (!place) throw new UsageError(`unexpected argument ${JSON.stringify(word)}`);
      parse(...place, word);
    }
  }
  return values as Values<O>;
}

/** `-Tp181`: letters without a value, then perhaps one whose value is the rest of the word. */
function takeCluster(
  options: Map<string, Option<unknown>>,
  word: string,
  take: (name: string, given: string | undefined) => void,
): void {
  for (let i = 1; i < word.length; i++) {
    const letter = word[i];
    const found = [...options].find(([, option]) => option.short === letter);
    if (!found) throw new UsageError(`unknown option -${letter}`);
    const [name, option] = found;
    const tail = word.slice(i + 1);
    if (option.meta === undefined || tail === "") take(name, undefined);
    else return take(name, i === 1 ? tail.replace(/^=/, "") : tail);
  }
}

function findLong(options: Map<string, Option<unknown>>, typed: string): string {
  const plain = (name: string) => name.replaceAll("_", "-");
  const names = [...options].filter(([, { long }]) => plain(long).startsWith(plain(typed)));
  const exact = names.find(([, { long }]) => plain(long) === plain(typed));
  if (exact) return exact[0];
  if (names.length === 1 && typed !== "") return names[0]![0];
  if (names.length === 0 || typed === "") throw new UsageError(`unknown option --${typed}`);
  const candidates = names.map(([, { long }]) => `--${long}`).join(" or ");
  throw new UsageError(`option --${typed} is ambiguous: ${candidates}`);
}

/** The help text: usage, summary, options, examples. */
export function helpText(
  tool: { name: string; summary: string; examples: readonly (readonly [string, string])[] },
  options: Options,
): string {
  const all = Object.values(options);
  const named = all.filter(({ positional }) => !positional);
  const places = all.filter(({ positional }) => positional);
  const usage = named.map((option) => {
    const dashed = option.short ? `-${option.short}` : `--${option.long}`;
    return `[${option.meta === undefined ? dashed : `${dashed} ${option.meta}`}]`;
  });
  const left = (option: Option<unknown>) => {
    if (option.positional) return option.long;
    const long = option.meta === undefined ? `--${option.long}` : `--${option.long} ${option.meta}`;
    return option.short ? `-${option.short}, ${long}` : `    ${long}`;
  };
  const width = Math.max(...all.map((option) => left(option).length)) + 2;
  const describe = (option: Option<unknown>) =>
    wrap(`  ${left(option).padEnd(width)}`, option.help.split(" "));
  const callWidth = Math.max(...tool.examples.map(([call]) => call.length)) + 2;
  return [
    ...wrap(`usage: ${tool.name} `, [
      ...usage,
      ...places.map(({ long, many }) => `[${long}${many ? " …" : ""}]`),
    ]),
    "",
    ...wrap("", tool.summary.split(" ")),
    ...places.length > 0 ? ["", "arguments:", ...places.flatMap(describe)] : [],
    "",
    "options:",
    ...named.flatMap(describe),
    "",
    "examples:",
    ...tool.examples.map(([call, meaning]) => `  ${call.padEnd(callWidth)}# ${meaning}`),
  ].join("\n");
}

/** Lays words out after a heading, wrapped and indented at 80 columns. */
function wrap(heading: string, words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = heading;
  for (const word of words) {
    const isFirst = line.length === heading.length;
    if (!isFirst && line.length + 1 + word.length > 79) {
      lines.push(line);
      line = " ".repeat(heading.length) + word;
    } else line += isFirst ? word : ` ${word}`;
  }
  return [...lines, line];
}
