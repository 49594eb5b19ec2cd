/**
 * IP addresses as text: four or sixteen bytes in network order.
 *
 * @module
 */

import type { Codec } from "./codec.ts";
import { u32be } from "./big_endian.ts";
import { u8 } from "./scalars.ts";
import { outOfRange, wrongType } from "./validate.ts";

/** An IPv4 address in network order (`__be32`) as `"127.0.0.1"`. */
export const ipv4: Codec<string> = Object.freeze({
  size: 4,
  align: 4,
  type: u32be.type,
  read: readIpv4,
  write(view: DataView, offset: number, value: string) {
    if (typeof value !== "string") throw wrongType(value, "ipv4", "an IPv4 address");
    const bytes = parseIpv4(value);
    if (!bytes) throw outOfRange(value, "ipv4", "an IPv4 address such as 127.0.0.1");
    bytes.forEach((byte, i) => view.setUint8(offset + i, byte));
  },
});

/**
 * An IPv6 address (`__u8[16]`) as RFC 5952 text: `"::1"`, `"2001:db8::a"`.
 *
 * An IPv4-mapped address reads as `"::ffff:127.0.0.1"`. Writing takes any spelling of an address
 * without a zone (`%eth0`).
 */
export const ipv6: Codec<string> = Object.freeze({
  size: 16,
  align: 1,
  type: Object.freeze({ kind: "array" as const, element: u8.type, length: 16 }),
  read(view: DataView, offset: number) {
    const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(offset + 2 * i));
    if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
      return "::ffff:" + readIpv4(view, offset + 12);
    }
    return formatGroups(groups);
  },
  write(view: DataView, offset: number, value: string) {
    if (typeof value !== "string") throw wrongType(value, "ipv6", "an IPv6 address");
    const groups = parseIpv6(value);
    if (!groups) throw outOfRange(value, "ipv6", "an IPv6 address such as 2001:db8::1");
    groups.forEach((group, i) => view.setUint16(offset + 2 * i, group));
  },
});

function readIpv4(view: DataView, offset: number): string {
  return `${view.getUint8(offset)}.${view.getUint8(offset + 1)}.` +
    `${view.getUint8(offset + 2)}.${view.getUint8(offset + 3)}`;
}

/** RFC 5952 section 4.2: "::" replaces the first of the longest runs of two or more zero groups. */
function formatGroups(groups: readonly number[]): string {
  let start = 0;
  let length = 1;
  for (let i = 0; i < groups.length; i++) {
    let run = 0;
    while (groups[i + run] === 0) run++;
    if (run > length) [start, length] = [i, run];
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  const plain = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part));
  const bytes = parts.map(Number);
  return plain && bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split("::").map(parseGroups);
  const [head, tail] = halves;
  if (!head || halves.length > 2) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  if (!tail || head.length + tail.length > 7) return undefined;
  // A dotted part may only end the whole address.
  if (text.slice(0, text.indexOf("::")).includes(".")) return undefined;
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** Colon-separated groups, the last of which may be a dotted IPv4 address (two groups). */
function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    const dotted = i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (dotted) {
      const [a = 0, b = 0, c = 0, d = 0] = dotted;
      groups.push(a << 8 | b, c << 8 | d);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}
