/**
 * Finds kernel functions that take a pointer to a given struct, and what a function takes.
 *
 * @module
 */

import { BtfKind } from "./btf.ts";
import { withKernelBtf } from "./kernel_btf.ts";

/**
 * Of the given functions of the kernel (not its modules), those that take a pointer to the struct,
 * each with the index of the first such argument.
 *
 * @param most how many arguments to check
 * @throws {ErrnoError} when the kernel has no BTF
 */
export function functionsTaking(
  names: Iterable<string>,
  struct: string,
  most: number,
): Map<string, number> {
  return withKernelBtf((btf) => {
    const isWanted = (type: number) => {
      const pointer = btf.resolve(type);
      if (btf.kind(pointer) !== BtfKind.PTR) return false;
      const pointee = btf.resolve(btf.target(pointer));
      return btf.kind(pointee) === BtfKind.STRUCT && btf.name(pointee) === struct;
    };
    const found = new Map<string, number>();
    for (const [name, id] of btf.functions(names)) {
      const parameters = btf.parameters(btf.target(id)).slice(0, most);
      const position = parameters.findIndex(({ type }) => isWanted(type));
      if (position >= 0) found.set(name, position);
    }
    return found;
  });
}

/**
 * The names of the parameters of a kernel function (not its modules'); empty if there is no such function.
 *
 * @throws {ErrnoError} when the kernel has no BTF
 */
export const parametersOf = (name: string): string[] =>
  withKernelBtf((btf) =>
    [...btf.functions([name])].flatMap(([, id]) =>
      btf.parameters(btf.target(id)).map(({ name }) => name)
    )
  );
