/**
 * A definition merged with all that it uses: maps, globals and constants of shared functions become
 * the definition's.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import type { AnyMap } from "./language/maps.ts";
import type { SharedFunctions } from "./language/shared_functions.ts";

/** Values that programs are compiled with. */
export type Constants = Readonly<Record<string, number | bigint | boolean | string>>;

/** A definition, and the definitions it uses. */
interface Parts {
  readonly maps?: Readonly<Record<string, AnyMap>>;
  readonly globals?: Readonly<Record<string, Codec<unknown>>>;
  readonly constants?: Constants;
  readonly use?: readonly SharedFunctions<unknown>[];
}

/** A merged definition. */
export interface Gathered extends Required<Omit<Parts, "use">> {
  /** The provider of a function by name. */
  readonly functions: ReadonlyMap<string, SharedFunctions<unknown>>;
}

/**
 * Merges a definition; functions that several definitions use are included once. @throws
 * {TypeError} when two things have one name
 */
export function gather(definition: Parts): Gathered {
  const used = new Set<SharedFunctions<unknown>>();
  const add = ({ use = [] }: Parts) => {
    for (const each of use) {
      if (used.has(each)) continue;
      used.add(each);
      add(each.definition);
    }
  };
  add(definition);
  const parts: Parts[] = [definition, ...[...used].map((each) => each.definition)];
  const functions = [...used].flatMap((each) => each.names().map((name) => [name, each] as const));
  const groups = [...parts.flatMap(({ maps, globals, constants }) => [maps, globals, constants])];
  const names = [
    ...groups.flatMap((group) => Object.keys(group ?? {})),
    ...functions.map(([name]) => name),
  ];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new TypeError(
      `Cannot call two things "${twice}": maps, globals, constants and shared functions share names`,
    );
  }
  return {
    maps: Object.assign({}, ...parts.map(({ maps }) => maps)),
    globals: Object.assign({}, ...parts.map(({ globals }) => globals)),
    constants: Object.assign({}, ...parts.map(({ constants }) => constants)),
    functions: new Map(functions),
  };
}

/** Constants with the values given to `Bpf.load`, and its other values. */
export interface Given {
  readonly constants: Constants;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * Separates values of constants from those of globals. @throws {TypeError} for a value of another
 * type
 */
export function giveConstants(
  constants: Constants,
  given: Readonly<Record<string, unknown>>,
): Given {
  const [ours, variables] = [new Map(Object.entries(constants)), new Map<string, unknown>()];
  for (const [name, value] of Object.entries(given)) {
    const [wanted, found] = [typeof ours.get(name), typeof value];
    if (!ours.has(name)) variables.set(name, value);
    else if (wanted === found) ours.set(name, value as Constants[string]);
    else throw new TypeError(`Cannot set constant "${name}" to a ${found}: it is a ${wanted}`);
  }
  return { constants: Object.fromEntries(ours), variables: Object.fromEntries(variables) };
}
