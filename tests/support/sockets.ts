/**
 * Sockets with their file descriptors, which socket maps take and the runtimes' own sockets hide.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close } from "../../ffi/libc/files.ts";
import { errno, libc } from "../../ffi/libc/libc.ts";
import { alloc, copyOf } from "../../ffi/libc/memory.ts";
import { runtime, type Symbols, type SymbolTable } from "../../ffi/runtime/runtime.ts";
import { receive, setOption } from "../../ffi/libc/socket.ts";

const TABLE = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  recvfrom: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "buffer"],
    result: "i64",
  },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "i64" },
} as const satisfies SymbolTable;

let symbols: Symbols<typeof TABLE> | undefined;
const c = () => symbols ??= runtime.open("libc.so.6", TABLE);

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;

function checked(action: string, result: number): number {
  if (result < 0) throw new ErrnoError(action, errno());
  return result;
}

/** struct sockaddr_in of 127.0.0.1. */
function loopback(port: number): Uint8Array<ArrayBuffer> {
  const address = alloc(16);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  view.setUint32(4, 0x7f000001);
  return address;
}

/** A socket on the loopback interface. */
export class TestSocket implements Disposable {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** The local port. */
  get port(): number {
    const address = alloc(16);
    checked("get a socket's name", c().getsockname(this.fd, address, Uint8Array.of(16, 0, 0, 0)));
    return new DataView(address.buffer).getUint16(2);
  }

  send(text: string): void {
    const bytes = copyOf(new TextEncoder().encode(text));
    checked("send", Number(libc().write(this.fd, bytes, BigInt(bytes.length))));
  }

  /** Reads what has arrived, without waiting; "" if nothing has. */
  read(): string {
    const buffer = alloc(65536);
    let text = "";
    for (;;) {
      const length = receive(this.fd, buffer);
      if (length <= 0) return text;
      text += new TextDecoder().decode(buffer.subarray(0, length));
    }
  }

  [Symbol.dispose](): void {
    close(this.fd);
  }
}

/** A listening socket. */
export class Listener extends TestSocket {
  constructor() {
    super(checked("make a socket", c().socket(AF_INET, SOCK_STREAM, 0)));
    checked("bind", c().bind(this.fd, loopback(0), 16));
    checked("listen", c().listen(this.fd, 128));
  }

  accept(): TestSocket {
    return new TestSocket(checked("accept", c().accept(this.fd, null, null)));
  }
}

/** Connects to a port. @throws {ErrnoError} ECONNREFUSED when nobody listens */
export function connect(port: number): TestSocket {
  const socket = new TestSocket(checked("make a socket", c().socket(AF_INET, SOCK_STREAM, 0)));
  try {
    checked("connect", c().connect(socket.fd, loopback(port), 16));
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

/** Both ends of a connection. */
export function connection(): [client: TestSocket, server: TestSocket] {
  using listener = new Listener();
  const client = connect(listener.port);
  return [client, listener.accept()];
}

/** A UDP socket that can answer the sender of the last datagram. */
export class Datagrams extends TestSocket {
  #peer: Uint8Array<ArrayBuffer> | undefined;

  constructor() {
    super(checked("make a socket", c().socket(AF_INET, SOCK_DGRAM, 0)));
    checked("bind", c().bind(this.fd, loopback(0), 16));
  }

  /** Waits for a datagram and stores its sender's address. */
  receive(): void {
    const peer = alloc(16);
    const length = Uint8Array.of(16, 0, 0, 0);
    checked("receive", Number(c().recvfrom(this.fd, alloc(2048), 2048n, 0, peer, length)));
    this.#peer = peer;
  }

  /** Sends a datagram of one byte to a port. */
  sendTo(port: number): void {
    checked("send", Number(c().sendto(this.fd, alloc(1), 1n, 0, loopback(port), 16)));
  }

  /** Sends a datagram of one byte to the sender of the last one received. */
  answer(): void {
    checked("answer", Number(c().sendto(this.fd, alloc(1), 1n, 0, this.#peer!, 16)));
  }
}

const AF_XDP = 44;
const SOCK_RAW = 3;
const SOL_XDP = 283;
const XDP_RX_RING = 2;

/** An AF_XDP socket to which a program can redirect packets; nothing reads them. */
export function openXdpSocket(): TestSocket {
  const socket = new TestSocket(checked("make a socket", c().socket(AF_XDP, SOCK_RAW, 0)));
  // An XSKMAP accepts only sockets with a receive ring.
  checked("make a ring", setOption(socket.fd, SOL_XDP, XDP_RX_RING, 64));
  return socket;
}
