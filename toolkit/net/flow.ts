/**
 * Connections: their layout in events, and the options that select them (flow.h).
 *
 * @module
 */

import { type Infer, ipv6, struct, u16 } from "../../mod.ts";
import { flag, type Option, UsageError, type Values } from "../options/options.ts";

const MAPPED = "::ffff:";
const AF_INET = 2;
const AF_INET6 = 10;
const PORT_MAX = 65535;
const PORTS_MAX = 64; // of flow.h

/** struct flow of flow.h. */
export const Flow = struct("flow", {
  local: ipv6,
  remote: ipv6,
  family: u16,
  local_port: u16,
  remote_port: u16,
  unused: u16,
});
/** Both ends of a connection. */
export type Flow = Infer<typeof Flow>;

/** The IP version, by the socket's family. */
export const ipVersion = ({ family }: Pick<Flow, "family">): number => family === AF_INET ? 4 : 6;

/** An address of a flow; of an IPv6 socket that talks IPv4 it is `::ffff:127.0.0.1`. */
export function address(flow: Pick<Flow, "family" | "local" | "remote">, end: "local" | "remote") {
  const text = flow[end];
  return flow.family === AF_INET ? text.slice(MAPPED.length) : text;
}

/** include/uapi/linux/in.h, without kernel-internal ones. */
const PROTOCOLS: Readonly<Record<number, string>> = {
  ...{ 0: "IP", 1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 33: "DCCP", 47: "GRE", 50: "ESP" },
  ...{ 51: "AH", 58: "ICMPV6", 89: "OSPF", 112: "VRRP", 132: "SCTP", 136: "UDPLITE", 255: "RAW" },
  ...{ 256: "SMC", 262: "MPTCP" },
};

/** The name of an IP protocol; its number when unknown. */
export const protocolName = (protocol: number): string => PROTOCOLS[protocol] ?? String(protocol);

const PROTOCOLS_MAX = PORTS_MAX;

/** An option with IP protocols, by name or number, separated by commas. */
export function protocols(
  names: Pick<Option<unknown>, "short" | "long" | "help"> & { meta: string },
): Option<readonly number[]> {
  const known = new Map(Object.entries(PROTOCOLS).map(([number, name]) => [name, Number(number)]));
  return {
    ...names,
    initial: [],
    parse(value) {
      const numbers = value.split(",").map((word) =>
        /^\d{1,3}$/.test(word) ? Number(word) : known.get(word.toUpperCase()) ?? NaN
      );
      if (numbers.length > PROTOCOLS_MAX || !numbers.every((each) => each <= 255)) {
        throw new UsageError(
          "expected protocols above IP, separated by commas: tcp,udp,icmp, or numbers up to 255",
        );
      }
      return numbers;
    },
  };
}

/** `-4` and `-6`. */
export const familyOptions = {
  ipv4: flag({ short: "4", long: "ipv4", help: "trace IPv4 family only" }),
  ipv6: flag({ short: "6", long: "ipv6", help: "trace IPv6 family only" }),
} as const;

/** An option with ports, separated by commas. */
export function ports(
  names: Pick<Option<unknown>, "short" | "long" | "help"> & { meta: string },
): Option<readonly number[]> {
  return {
    ...names,
    initial: [],
    parse(value) {
      const numbers = value.split(",").map((port) => /^\d+$/.test(port) ? Number(port) : 0);
      if (numbers.length > PORTS_MAX || numbers.some((port) => port < 1 || port > PORT_MAX)) {
        throw new UsageError(
          `expected at most ${PORTS_MAX} ports from 1 to ${PORT_MAX}, separated by commas: 80,443`,
        );
      }
      return numbers;
    },
  };
}

/** The globals of flow.h that select flows. @throws {UsageError} */
export function flowSettings(
  { ipv4, ipv6 }: Values<typeof familyOptions>,
  { local = [], remote = [] }: { local?: readonly number[]; remote?: readonly number[] } = {},
): Readonly<Record<string, unknown>> {
  if (ipv4 && ipv6) throw new UsageError("use either -4/--ipv4 or -6/--ipv6, not both");
  return {
    target_family: ipv4 ? AF_INET : ipv6 ? AF_INET6 : 0,
    ...portSettings("local", local),
    ...portSettings("remote", remote),
  };
}

/** The globals of a list of ports. */
export const portSettings = (end: "local" | "remote" | "either", wanted: readonly number[]) =>
  listSettings(`${end}_ports`, wanted);

/** The globals of a list of protocols. */
export const protocolSettings = (wanted: readonly number[]) => listSettings("protocols", wanted);

function listSettings(name: string, wanted: readonly number[]) {
  const filler = Array.from({ length: PORTS_MAX - wanted.length }, () => 0);
  return { [`${name}_count`]: wanted.length, [name]: [...wanted, ...filler] };
}
