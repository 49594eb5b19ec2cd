/**
 * The positional argument that selects a kind of database server.
 *
 * @module
 */

import { argument, type Option, UsageError } from "../options/options.ts";
import { type ServerName, SERVERS } from "./servers.ts";

const NAMES = Object.keys(SERVERS);

const isServer = (value: string | undefined): value is ServerName =>
  value !== undefined && NAMES.includes(value);

const option: Option<ServerName | undefined> = {
  long: "db",
  meta: "db",
  help: `the database engine to use: ${NAMES.join(", ")}`,
  initial: undefined,
  parse(value) {
    if (isServer(value)) return value;
    throw new UsageError(`expected one of ${NAMES.join(", ")}, not "${value}"`);
  },
};

/** The argument. */
export const serverArgument: Option<ServerName | undefined> = argument(option);

/** The kind of server. @throws {UsageError} when it is not given */
export function requireServer(value: ServerName | undefined): ServerName {
  if (value !== undefined) return value;
  throw new UsageError(`expected the database engine: ${NAMES.join(" or ")}`);
}
