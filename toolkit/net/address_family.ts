/**
 * The IP version of addresses in filters, and the check that filters agree on one.
 *
 * @module
 */

import type { Options, Values } from "../options/options.ts";
import { UsageError } from "../options/options.ts";
import type { familyOptions } from "./flow.ts";
import type { Subnet } from "./subnets.ts";

/** The first 96 bits of ::ffff:0.0.0.0, as the two words of a {@linkcode Subnet}. */
const MAPPED = [0n, 0xffff0000n] as const;
const MAPPED_MASK = [~0n & 0xffffffffffffffffn, 0xffffffffn] as const;

/** The IP version of all addresses of a subnet; undefined where it has some of both, as ::/0. */
export function versionOf({ network, mask }: Subnet): 4 | 6 | undefined {
  const isIn = network.every((word, i) =>
    ((word ^ MAPPED[i]!) & mask[i]! & MAPPED_MASK[i]!) === 0n
  );
  if (!isIn) return 6;
  return mask.every((word, i) => (word & MAPPED_MASK[i]!) === MAPPED_MASK[i]) ? 4 : undefined;
}

/** What a tool's addresses belong to. */
interface Versions {
  /**
   * The thing whose two addresses have the same IP version, for messages: "packet", "connection".
   */
  readonly of: string;
  /** Whether -6 may have IPv4 addresses: IPv6 sockets can talk IPv4. */
  readonly mapped?: boolean;
}

/**
 * Refuses filters that nothing can pass: addresses of different IP versions, or of another version
 * than `-4` or `-6` selects.
 *
 * @param options the tool's options, for their names in messages
 * @param addresses the addresses that were given, by the keys of their options
 * @throws {UsageError}
 */
export function requireVersions(
  options: Options,
  { ipv4, ipv6 }: Values<typeof familyOptions>,
  addresses: Readonly<Record<string, Subnet | undefined>>,
  { of, mapped = false }: Versions,
): void {
  const nameOf = (key: string) => `-${options[key]!.short}/--${options[key]!.long}`;
  const given = Object.entries(addresses)
    .map(([key, subnet]) => ({ name: nameOf(key), version: subnet && versionOf(subnet) }))
    .filter(({ version }) => version !== undefined);
  for (const { name, version } of given) {
    if (ipv4 && version === 6) {
      throw new UsageError(`${nameOf("ipv4")} hides the IPv6 address of ${name}`);
    }
    if (ipv6 && version === 4 && !mapped) {
      throw new UsageError(`${nameOf("ipv6")} hides the IPv4 address of ${name}`);
    }
  }
  const [first, ...rest] = given;
  const other = rest.find(({ version }) => version !== first!.version);
  if (other) {
    throw new UsageError(
      `${first!.name} is an IPv${
        first!.version
      } address and ${other.name} an IPv${other.version} one: no ${of} has both`,
    );
  }
}
