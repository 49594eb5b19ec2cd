/**
 * Formats the values of a call as `ksnoop` shows them.
 *
 * @module
 */

import type { Btf } from "../../plumbing.ts";
import { Kind, type Shown } from "./functions.ts";
import { typeText } from "./type_text.ts";
import { numberText, valueLines } from "./typed_value.ts";

/** A value from an event. */
export interface Seen {
  readonly shown: Shown;
  /** The number or pointer. */
  readonly raw: bigint;
  /** The pointer's target or the struct, possibly truncated. */
  readonly bytes: Uint8Array;
  /** As in ksnoop.bpf.c. 0: none; 1: the kernel could not read the value; 2: no room for it. */
  readonly problem: number;
}

const UNREADABLE = 1;

/** The value as lines: `skb = *(0xffff989750797c00)`, then the contents of the target. */
export function valueBlock(btf: Btf, { shown, raw, bytes, problem }: Seen): string[] {
  const { name, type, kind, size } = shown;
  const isPointer = (kind & Kind.POINTER) !== 0;
  const head = `${name} = ${isPointer ? `*(0x${raw.toString(16)})` : ""}`.trimEnd();
  const wanted = isPointer ? `${typeText(btf, type)} *` : typeText(btf, type);
  if (problem === UNREADABLE && raw !== 0n) {
    return [head, ` /* Cannot show '${name}' as '${wanted}'; invalid/userspace ptr? */`];
  }
  if (problem !== 0 || size === 0 && isPointer) return [head];
  if ((kind & Kind.TEXT) !== 0) {
    const text = new TextDecoder().decode(bytes.subarray(0, Math.max(0, bytes.length - 1)));
    return [head, ` (${wanted})${JSON.stringify(text)}`];
  }
  if (size === 0) return [head, ` ${numberText(btf, type, raw)}`];
  const lines = valueLines(btf, type, bytes).map((line) => ` ${line}`);
  const rest = bytes.length < size ? [` ... /* ${bytes.length} bytes of ${size} */`] : [];
  return [head, ...lines, ...rest];
}

/** The value as one line, for JSON. */
export const valueText = (btf: Btf, seen: Seen): string =>
  valueBlock(btf, seen).map((line) => line.trim()).join(" ");
