/**
 * Where programs see packets.
 *
 * @module
 */

import type { Direction } from "../../attach/tc.ts";
import type { XdpMode } from "../../attach/xdp.ts";
import type { Interface } from "../../attach/interface.ts";
import { program, type ProgramDefinition } from "./hooks.ts";

/** A packet, as a program reads it. What lies beyond its end is undefined. */
export interface Packet {
  /** Bytes of the packet. */
  readonly length: number;
  /** The index of the interface. */
  readonly interface: number;
  /** The byte at an offset. */
  u8(offset: number | bigint): number | undefined;
  /** The two bytes at an offset as a number, in the network's order. */
  u16(offset: number | bigint): number | undefined;
  /** The four bytes at an offset as a number, in the network's order. */
  u32(offset: number | bigint): number | undefined;
  /** The eight bytes at an offset as a number, in the network's order. */
  u64(offset: number | bigint): bigint | undefined;
}

/** What is done with a packet that arrives at an interface; `"pass"` without a return. */
export type XdpVerdict = "pass" | "drop" | "tx" | "aborted";
/** What is done with a packet in traffic control; `"next"` without a return: others decide. */
export type TcVerdict = "ok" | "shot" | "next";

/** Where an XDP program runs. */
export interface XdpTarget {
  /** The interface, by name or index. */
  readonly interface: Interface;
  /** Who runs the program. */
  readonly mode?: XdpMode;
}

/** Where a classifier runs. */
export interface TcTarget {
  /** The interface, by name or index. */
  readonly interface: Interface;
  /** The direction of the packets. */
  readonly direction: Direction;
}

/** Runs for each packet that arrives. Without target {@linkcode Program.attachXdp} attaches it. */
export function xdp<Outside>(
  target: XdpTarget | undefined,
  run: (packet: Packet, outside: Outside) => XdpVerdict | void,
): ProgramDefinition<Outside> {
  return program({ kind: "xdp", target }, run);
}

/**
 * Runs for each packet in one direction. Without target {@linkcode Program.attachTc} attaches it.
 */
export function tc<Outside>(
  target: TcTarget | undefined,
  run: (packet: Packet, outside: Outside) => TcVerdict | void,
): ProgramDefinition<Outside> {
  return program({ kind: "tc", target }, run);
}

/**
 * Chooses what a socket receives: the number of bytes of each packet, 0 for none; all without a
 * return. {@linkcode Program.attachSocketFilter} and {@linkcode Program.attachRawSocket} attach it.
 */
export function socketFilter<Outside>(
  run: (packet: Packet, outside: Outside) => number | bigint | void,
): ProgramDefinition<Outside> {
  return program({ kind: "socketFilter" }, run);
}
