/**
 * Subnets, in the layout in which the kernel side compares them.
 *
 * @module
 */

import { ipv4, ipv6 } from "../../mod.ts";
import { type Option, UsageError } from "../options/options.ts";

/** As in tcpsubnet.bpf.c. */
export const SUBNETS_MAX = 64;

const ADDRESS_BYTES = 16;
const IPV4_AT = 12; // in ::ffff:0.0.0.0

/** struct subnet. */
export interface Subnet {
  readonly network: readonly [bigint, bigint];
  readonly mask: readonly [bigint, bigint];
}

/** Reads `10.0.0.0/8,2001:db8::/32`. @throws {UsageError} */
export function parseSubnets(text: string): readonly (readonly [text: string, Subnet])[] {
  const words = text.split(",");
  if (words.length > SUBNETS_MAX) {
    throw new UsageError(`expected at most ${SUBNETS_MAX} subnets, found ${words.length}`);
  }
  return words.map((word) => [word, parseSubnet(word)]);
}

function parseSubnet(text: string): Subnet {
  const { isIPv4, isIPv6 } = process.getBuiltinModule("node:net");
  const [, address, digits] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const bits = isIPv4(address ?? "") ? 32 : isIPv6(address ?? "") ? 128 : -1;
  const prefix = Number(digits);
  if (!(prefix <= bits)) {
    throw new UsageError(
      `expected subnets such as 10.0.0.0/8 or 2001:db8::/32, separated by commas, found ${
        JSON.stringify(text)
      }`,
    );
  }
  const mask = maskOf(prefix + 128 - bits);
  const network = bytesOf(address!, bits === 32).map((byte, i) => byte & mask[i]!);
  return { network: wordsOf(network), mask: wordsOf(mask) };
}

/** Parses an address as the subnet that holds this address only; undefined for anything else. */
export function parseAddress(text: string): Subnet | undefined {
  const { isIPv4, isIPv6 } = process.getBuiltinModule("node:net");
  if (isIPv4(text)) return parseSubnet(`${text}/32`);
  return isIPv6(text) ? parseSubnet(`${text}/128`) : undefined;
}

function bytesOf(address: string, is4: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(ADDRESS_BYTES));
  const view = new DataView(bytes.buffer);
  if (is4) {
    bytes.fill(0xff, IPV4_AT - 2, IPV4_AT);
    ipv4.write(view, IPV4_AT, address);
  } else {
    ipv6.write(view, 0, address);
  }
  return bytes;
}

const maskOf = (prefix: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: ADDRESS_BYTES }, (_, i) => {
    const bits = Math.min(Math.max(prefix - 8 * i, 0), 8);
    return 0xff << 8 - bits & 0xff;
  });

/**
 * The 16 bytes of an address as two words in the machine's byte order, little-endian on all
 * supported machines.
 */
function wordsOf(bytes: Uint8Array<ArrayBuffer>): [bigint, bigint] {
  const view = new DataView(bytes.buffer);
  return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
}

/** Any address. */
const ANY: Subnet = { network: [0n, 0n], mask: [0n, 0n] };

/** An option with an address or subnet; its default matches any address. */
export const subnet = (
  names: Pick<Option<unknown>, "short" | "long" | "help"> & { meta: string },
): Option<Subnet> => ({
  ...names,
  initial: ANY,
  parse: (text) => parseAddress(text) ?? parseSubnet(text),
});
