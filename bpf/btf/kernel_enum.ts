/**
 * Enum values of the running kernel, from BTF.
 *
 * @module
 */

import { BtfKind } from "./btf.ts";
import { withKernelBtf } from "./kernel_btf.ts";

/**
 * The enumerators of an enum of the running kernel: `kernelEnum("skb_drop_reason")`.
 *
 * @param name the enum's tag
 * @returns the enumerators by number; undefined when the kernel has no enum of that name
 * @throws {Error} when the kernel has no BTF
 */
export function kernelEnum(name: string): ReadonlyMap<number, string> | undefined {
  return withKernelBtf((btf) => {
    const id = btf.find(name, BtfKind.ENUM, BtfKind.ENUM64);
    const type = id === undefined ? undefined : btf.type(id);
    if (type?.kind !== "enum") return undefined;
    return new Map(Object.entries(type.values).map(([text, number]) => [number, text]));
  });
}
