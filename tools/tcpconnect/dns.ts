/**
 * Answers of name servers (RFC 1035, section 4), and who asked for an address last.
 *
 * @module
 */

import { decodeText, ipv4, ipv6 } from "../../mod.ts";

const HEADER = 12;
const IS_RESPONSE = 0x8000;
const POINTER = 0xc0; // a length byte with these bits: the rest of the name is elsewhere
const TYPE_A = 1;
const TYPE_AAAA = 28;
const CACHE_MAX = 10240;

/** What a name server said. */
export interface DnsAnswer {
  /** The name that was asked for. */
  readonly name: string;
  readonly addresses: readonly string[];
}

/** Reads an answer, as far as it is whole; undefined for anything else. */
export function parseDnsAnswer(message: Uint8Array<ArrayBuffer>): DnsAnswer | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  try {
    if (!(view.getUint16(2) & IS_RESPONSE) || view.getUint16(4) !== 1) return undefined;
    const labels: string[] = [];
    let at = skipName(view, HEADER, labels) + 4;
    const addresses: string[] = [];
    for (let left = view.getUint16(6); left > 0 && at < message.length; left--) {
      at = readRecord(view, skipName(view, at), addresses);
    }
    return { name: labels.join("."), addresses };
  } catch (error) {
    if (error instanceof RangeError) return undefined; // it ends too early
    throw error;
  }
}

/** Returns where the name ends. */
function skipName(view: DataView<ArrayBuffer>, at: number, labels: string[] = []): number {
  for (;;) {
    const length = view.getUint8(at);
    if (length === 0) return at + 1;
    if (length >= POINTER) return at + 2;
    labels.push(decodeText(view, at + 1, length));
    at += 1 + length;
  }
}

/** Reads what follows a record's name; returns where the record ends. */
function readRecord(view: DataView, at: number, addresses: string[]): number {
  const type = view.getUint16(at);
  const length = view.getUint16(at + 8);
  const data = at + 10;
  if (data + length > view.byteLength) return view.byteLength; // cut off
  if (type === TYPE_A && length === ipv4.size) addresses.push(ipv4.read(view, data));
  if (type === TYPE_AAAA && length === ipv6.size) addresses.push(ipv6.read(view, data));
  return data + length;
}

/** The names that addresses were last found by. */
export class DnsCache {
  readonly #names = new Map<string, { readonly name: string; readonly time: number }>();

  /** Notes an answer that was received at `time`. */
  learn(message: Uint8Array<ArrayBuffer>, time: number): void {
    const answer = parseDnsAnswer(message);
    for (const address of answer?.addresses ?? []) {
      this.#names.delete(address); // so that the oldest stay in front
      this.#names.set(address, { name: answer!.name, time });
      if (this.#names.size > CACHE_MAX) this.#names.delete(this.#names.keys().next().value!);
    }
  }

  /** The name asked for when this address was told, and when that was. */
  find(address: string): { readonly name: string; readonly time: number } | undefined {
    return this.#names.get(address);
  }
}
