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

/** `--prometheus 9435`, `--prometheus 0.0.0.0:9435`; without an address the machine itself alone can ask. */
export const addressOption = (
  names: { readonly long: string; readonly help: string },
): Option<Address | undefined> => ({
  ...names,
  meta: "[ADDRESS:]PORT",
  initial: undefined,
  parse(value) {
    const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(\d{1,5})$/.exec(value) ??
      [];
    const host = bracketed ?? plain ?? LOOPBACK;
    const port = Number(digits ?? NaN);
    // Not imported: that costs Bun milliseconds of every start.
    const { isIP } = process.getBuiltinModule("node:net");
    if (isIP(host) > 0 && port <= PORT_MAX) return { host, port };
    throw new UsageError(
      `expected a port from 0 to ${PORT_MAX}, perhaps behind an address: 9435, 0.0.0.0:9435, [::]:9435`,
    );
  },
});
