/**
 * Parses DNS responses (RFC 1035, section 4).
 *
 * @module
 */

import { decodeText, ipv4, ipv6 } from "../../mod.ts";

const HEADER = 12;
const IS_RESPONSE = 0x8000;
const POINTER = 0xc0; // a length byte with these bits: a compression pointer follows
const POINTERS_MAX = 16;
const NAME_MAX = 255; // RFC 1035, 2.3.4
const TYPE_A = 1;
const TYPE_PTR = 12;
const TYPE_AAAA = 28;

/** The content of a DNS response. */
export interface DnsAnswer {
  /** The name in the question. */
  readonly name: string;
  /**
   * Addresses and their names: the name in the question, or for a reverse look-up the name in the
   * answer.
   */
  readonly names: ReadonlyMap<string, string>;
}

/** Parses a response, as far as it is complete; undefined for anything else. */
export function parseDnsAnswer(message: Uint8Array<ArrayBuffer>): DnsAnswer | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  try {
    if (!(view.getUint16(2) & IS_RESPONSE) || view.getUint16(4) !== 1) return undefined;
    const labels: string[] = [];
    let at = readName(view, HEADER, labels) + 4;
    const name = labels.join(".");
    const names = new Map<string, string>();
    for (let left = view.getUint16(6); left > 0 && at < message.length; left--) {
      at = readRecord(view, readName(view, at), name, names);
    }
    return { name, names };
  } catch (error) {
    if (error instanceof RangeError) return undefined; // truncated
    throw error;
  }
}

/**
 * Parses a name, following compression pointers if its labels are wanted. Returns the offset behind
 * the name as it is stored, where a pointer counts as two bytes.
 */
function readName(view: DataView<ArrayBuffer>, at: number, labels?: string[]): number {
  let end = 0;
  for (let pointers = 0, total = 0;;) {
    const length = view.getUint8(at);
    if (length === 0) return end || at + 1;
    if (length < POINTER) {
      total += length + 1;
      if (total > NAME_MAX) throw new RangeError("It is too long for a name");
      labels?.push(decodeText(view, at + 1, length));
      at += 1 + length;
      continue;
    }
    end ||= at + 2;
    if (!labels) return end;
    if (++pointers > POINTERS_MAX) throw new RangeError("It points in circles");
    at = view.getUint16(at) & 0x3fff;
  }
}

/** Parses a record after its name; returns where the record ends. */
function readRecord(
  view: DataView<ArrayBuffer>,
  at: number,
  asked: string,
  names: Map<string, string>,
): number {
  const type = view.getUint16(at);
  const length = view.getUint16(at + 8);
  const data = at + 10;
  if (data + length > view.byteLength) return view.byteLength; // truncated
  if (type === TYPE_A && length === ipv4.size) names.set(ipv4.read(view, data), asked);
  if (type === TYPE_AAAA && length === ipv6.size) names.set(ipv6.read(view, data), asked);
  const address = type === TYPE_PTR ? reverseAddress(asked) : undefined;
  if (address !== undefined) {
    const labels: string[] = [];
    readName(view, data, labels);
    names.set(address, labels.join("."));
  }
  return data + length;
}

/** The address in a reverse look-up name: `7.2.0.192.in-addr.arpa`. */
function reverseAddress(name: string): string | undefined {
  const [, four] = /^((?:\d{1,3}\.){4})in-addr\.arpa$/i.exec(name) ?? [];
  if (four !== undefined) return four.split(".").slice(0, 4).toReversed().map(Number).join(".");
  const [, six] = /^((?:[\da-f]\.){32})ip6\.arpa$/i.exec(name) ?? [];
  if (six === undefined) return undefined;
  const bytes = Uint8Array.fromHex(six.replaceAll(".", "").split("").toReversed().join(""));
  return ipv6.read(new DataView(bytes.buffer), 0);
}
