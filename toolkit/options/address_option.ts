/**
 * An option with the address and the port of a server.
 *
 * @module
 */

import { type Option, UsageError } from "./options.ts";

/** Where to listen. */
export interface Address {
  /** An address of IPv4 or IPv6. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

const LOOPBACK = "127.0.0.1";
const PORT_MAX = 65535;

/** An address as it is typed: `9435`, `0.0.0.0:9435`, `[::]:9435`. */
const TYPED = /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(\d{1,5})$/;
/** The least number that `--web NUMBER` takes for a port: smaller ones are intervals and counts. */
const FIRST_PORT = 1024;

/** Parses an address; without a host it is a loopback address. @throws {UsageError} */
export function parseAddress(value: string): Address {
  const [, bracketed, plain, digits] = TYPED.exec(value) ?? [];
  const host = bracketed ?? plain ?? LOOPBACK;
  const port = Number(digits ?? NaN);
  // Not imported: that costs Bun milliseconds of every start.
  const { isIP } = process.getBuiltinModule("node:net");
  if (isIP(host) > 0 && port <= PORT_MAX) return { host, port };
  throw new UsageError(
    `expected a port from 0 to ${PORT_MAX}, perhaps behind an address: 9435, 0.0.0.0:9435, [::]:9435`,
  );
}

/**
 * `--prometheus 9435`, `--prometheus 0.0.0.0:9435`; without a host only this machine can connect.
 */
export const addressOption = (
  names: { readonly long: string; readonly help: string },
): Option<Address | undefined> => ({
  ...names,
  meta: "[ADDRESS:]PORT",
  initial: undefined,
  parse: parseAddress,
});

/** The same where any free port will do: `--web`, `--web 9436`, `--web=80`. */
export const optionalAddressOption = (
  names: { readonly long: string; readonly help: string },
): Option<Address | undefined> => ({
  ...addressOption(names),
  meta: "[[ADDRESS:]PORT]",
  // `biolatency --web 1 10` has an interval and a count.
  takesNext: (word) =>
    TYPED.test(word) && (!/^\d+$/.test(word) || Number(word) >= FIRST_PORT || word === "0"),
  parse: (value) => parseAddress(value || "0"),
});
