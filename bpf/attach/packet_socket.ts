/**
 * Attaches socket filters to packet sockets, which see the packets of one network interface.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { close } from "../../ffi/libc/files.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { type Wait, whenReady } from "../../ffi/libc/epoll.ts";
import { getOption, receive } from "../../ffi/libc/socket.ts";
import { BpfError } from "../base/errors.ts";
import { Link } from "../base/link.ts";

// include/linux/socket.h, include/uapi/linux/if_packet.h
const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;

/** More than any packet of 64 KiB with its link header; the rest is truncated. */
const LONGEST_PACKET = 1 << 17;
/** Packets read before control goes back to the event loop. */
const BATCH = 64;

/** Creates a {@linkcode PacketSocket}; the constructor is private, so its parameters are no API. */
export let newPacketSocket: (
  ...made: [description: string, fd: number, onClose: () => void]
) => PacketSocket;

/**
 * A packet socket on an interface, with a program that chooses what it receives: packets in both
 * directions, from the link header on. On a loopback interface each is seen twice, once per
 * direction.
 *
 * @example Print the length of every packet
 * ```ts
 * import { Bpf } from "../../mod.ts";
 *
 * export async function main() {
 *   using bpf = Bpf.compile("int all(struct __sk_buff *skb) { return -1; }");
 *   for await (const packet of bpf.program("all").attachRawSocket("eth0")) {
 *     console.log(packet.length);
 *   }
 * }
 * ```
 */
export class PacketSocket extends Link implements AsyncIterable<Uint8Array> {
  /** The socket's descriptor, for uses of your own; it stays the link's. */
  readonly socket: number;
  readonly #buffer = alloc(LONGEST_PACKET);
  #wait: Wait | undefined;
  #closed = false;
  #dropped = 0;

  /** Made by {@linkcode Program.attachRawSocket}. */
  private constructor(description: string, socket: number, closed: () => void) {
    super(description, () => {
      this.#closed = true;
      this.#wait?.cancel();
      close(socket);
      closed();
    });
    this.socket = socket;
  }

  static {
    newPacketSocket = (...made) => new PacketSocket(...made);
  }

  /** How many packets the kernel has dropped so far because they were not read in time. */
  get dropped(): number {
    if (this.#closed) return this.#dropped;
    // struct tpacket_stats: packets, drops; reading it sets both to zero.
    const statistics = new Uint32Array(alloc(8).buffer);
    const bytes = new Uint8Array(statistics.buffer);
    if (getOption(this.socket, SOL_PACKET, PACKET_STATISTICS, bytes) === 0) {
      this.#dropped += statistics[1]!;
    }
    return this.#dropped;
  }

  /**
   * Returns a copy of the oldest pending packet, or undefined when none is pending. @throws
   * {BpfError}
   */
  read(): Uint8Array | undefined {
    if (this.#closed) return undefined;
    const length = receive(this.socket, this.#buffer);
    if (length >= 0) return this.#buffer.slice(0, length);
    if (length === -Errno.EAGAIN) return undefined;
    const reason = length === -Errno.ENETDOWN ? "the interface went down" : undefined;
    throw new BpfError("read", `read from ${this.description}`, -length, reason);
  }

  /** Packets as they come, until the socket is closed; leaving the loop closes it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      while (!this.#closed) {
        this.#wait = whenReady(this.socket);
        await this.#wait.ready;
        for (let i = 0; i < BATCH; i++) {
          const packet = this.read();
          if (!packet) break;
          yield packet;
        }
      }
    } finally {
      this.close();
    }
  }
}
