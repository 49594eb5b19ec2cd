/**
 * A network for one test: a pair of veth interfaces. Frames written to one end arrive unchanged at
 * the other.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close } from "../../ffi/libc/files.ts";
import { errno, libc } from "../../ffi/libc/libc.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import {
  bindToInterface,
  interfaceIndex,
  openPacketSocket,
  receive,
} from "../../ffi/libc/socket.ts";

/**
 * Datagrams to send before waiting for their arrival, so that none is lost: a socket's receive buffer
 * has room for more, even in Linux 6.1, where a packet that native XDP passed on takes a whole page.
 */
const CHUNK = 20;
const HANG_MS = 60_000;
/** The errno of send(2) when a program drops the packet on egress. */
const ENOBUFS = 105;

const HEADERS = 14 + 20 + 8;
const IPPROTO_UDP = 17;

/** Runs a command; returns its standard output. @throws with its standard error if it fails */
export function command(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(words[0]!, words.slice(1), { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot run ${words.join(" ")}: ${stderr}`);
  return stdout;
}

/** Polls until the condition holds. */
export async function until(holds: () => boolean, what = "the packets"): Promise<void> {
  const end = Date.now() + HANG_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`Waited ${HANG_MS} ms for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let pairs = 0;

/** A veth pair: tests attach programs to `near` and send from `far`. */
export class VethPair implements Disposable {
  readonly near: string;
  readonly far: string;

  constructor() {
    // Guests' kernels do not load modules by themselves. In other kernels these are built in: errors
    // are ignored.
    spawnSync("modprobe", ["-a", "veth", "sch_ingress", "cls_bpf"]);
    const name = `tsb${process.pid}n${pairs++}`;
    this.near = `${name}a`;
    this.far = `${name}b`;
    command("ip", "link", "add", this.near, "type", "veth", "peer", "name", this.far);
    for (const end of [this.near, this.far]) {
      // Without IPv6 the kernel sends nothing of its own on a new interface.
      spawnSync("sysctl", ["-qw", `net.ipv6.conf.${end}.disable_ipv6=1`]);
      command("ip", "link", "set", end, "up");
    }
  }

  [Symbol.dispose](): void {
    spawnSync("ip", ["link", "del", this.near]);
  }
}

/** A packet socket on an interface: sends datagrams and counts received datagrams by port. */
export class Tap implements Disposable {
  readonly #fd: number;
  readonly #buffer = alloc(2048);
  readonly #received = new Map<number, number>();

  constructor(name: string) {
    this.#fd = openPacketSocket();
    const result = this.#fd < 0 ? this.#fd : bindToInterface(this.#fd, interfaceIndex(name));
    if (result < 0) throw new Error(`Cannot open a packet socket on ${name}: errno ${-result}`);
  }

  /** Sends one datagram to a port; it is no error if a program drops it on egress. */
  send(port: number, protocol: number = IPPROTO_UDP): void {
    const bytes = datagram(port, protocol);
    const written = libc().write(this.#fd, bytes, BigInt(bytes.length));
    if (written < 0n && errno() !== ENOBUFS) throw new ErrnoError("send a frame", errno());
  }

  /** Sends datagrams in chunks, and waits after each until `arrived` has counted all of them. */
  async sendAll(port: number, times: number, arrived: () => number): Promise<void> {
    const before = arrived();
    for (let sent = 0; sent < times;) {
      for (let i = 0; i < CHUNK && sent < times; i++, sent++) this.send(port);
      await until(() => arrived() - before >= sent);
    }
  }

  /** The number of datagrams to a port received so far. */
  received(port: number): number {
    for (;;) {
      const length = receive(this.#fd, this.#buffer);
      if (length < 0) return this.#received.get(port) ?? 0;
      const found = portOf(this.#buffer.subarray(0, length));
      if (found !== undefined) this.#received.set(found, (this.#received.get(found) ?? 0) + 1);
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

/** An Ethernet broadcast frame with an IPv4 header and an empty UDP datagram to a port. */
function datagram(port: number, protocol: number): Uint8Array<ArrayBuffer> {
  const bytes = alloc(HEADERS);
  bytes.fill(0xff, 0, 6);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, HEADERS - 14);
  view.setUint8(22, 64);
  view.setUint8(23, protocol);
  view.setUint32(26, 0xc6336401); // 198.51.100.1, an address for documentation
  view.setUint32(30, 0xc6336402);
  view.setUint16(36, port);
  view.setUint16(38, 8);
  return bytes;
}

/** The destination port of a frame made by `datagram`; undefined for other frames. */
export function portOf(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (frame.length < HEADERS || view.getUint16(12) !== 0x0800) return undefined;
  return view.getUint16(36);
}
