/**
 * Sockets below the runtimes' own: packet sockets, socket options, interface numbers.
 *
 * Functions return -errno where C sets errno.
 *
 * @module
 */

import { struct, u16, u16be, u32, u8 } from "../codec/mod.ts";
import { close } from "./files.ts";
import { errno } from "./libc.ts";
import { alloc, bufferText, cString } from "./memory.ts";
import { runtime, type Symbols, type SymbolTable } from "../runtime/runtime.ts";

const TABLE = {
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen);
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // int getsockopt(int sockfd, int level, int optname, void *optval, socklen_t *optlen);
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // int connect(int sockfd, const struct sockaddr *addr, socklen_t addrlen);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // ssize_t send(int sockfd, const void *buf, size_t len, int flags);
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i64" },
  // ssize_t recv(int sockfd, void *buf, size_t len, int flags);
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i64" },
  // unsigned int if_nametoindex(const char *ifname);
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  // char *if_indextoname(unsigned int ifindex, char *ifname);
  if_indextoname: { parameters: ["u32", "buffer"], result: "pointer" },
} as const satisfies SymbolTable;

let symbols: Symbols<typeof TABLE> | undefined;

function library(): Symbols<typeof TABLE> {
  return symbols ??= runtime.open("libc.so.6", TABLE);
}

const AF_UNIX = 1;
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const ETH_P_ALL = 3;
const IF_NAMESIZE = 16;

/** struct sockaddr_ll (include/uapi/linux/if_packet.h). */
const LinkAddress = struct("sockaddr_ll", {
  sll_family: u16,
  sll_protocol: u16be,
  sll_ifindex: u32,
  sll_hatype: u16,
  sll_pkttype: u8,
  sll_halen: u8,
  sll_addr_low: u32,
  sll_addr_high: u32,
});

/** The index of an interface in this network namespace; 0 when there is none of that name. */
export function interfaceIndex(name: string): number {
  return library().if_nametoindex(cString(name));
}

/** The name of an interface; undefined when there is none of that index. */
export function interfaceName(index: number): string | undefined {
  const name = alloc(IF_NAMESIZE);
  return library().if_indextoname(index, name) === 0n ? undefined : bufferText(name);
}

/** A packet socket that receives nothing before {@linkcode bindToInterface}; the caller closes it. */
export function openPacketSocket(): number {
  const fd = library().socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return fd < 0 ? -errno() : fd;
}

/** Lets a packet socket receive what passes an interface, in both directions. */
export function bindToInterface(fd: number, index: number): number {
  const address = alloc(LinkAddress.size);
  LinkAddress.write(new DataView(address.buffer), 0, {
    sll_family: AF_PACKET,
    sll_protocol: ETH_P_ALL,
    sll_ifindex: index,
    sll_hatype: 0,
    sll_pkttype: 0,
    sll_halen: 0,
    sll_addr_low: 0,
    sll_addr_high: 0,
  });
  return library().bind(fd, address, address.length) < 0 ? -errno() : 0;
}

/**
 * A unix datagram socket that sends to a path or, with `bind`, receives at one; the caller closes it.
 *
 * @param path at most 107 bytes (sun_path of struct sockaddr_un)
 */
export function openUnixDatagram(path: string, how: "connect" | "bind" = "connect"): number {
  const name = cString(path);
  const address = alloc(2 + name.length);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(name, 2);
  const fd = library().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno();
  if (library()[how](fd, address, address.length) === 0) return fd;
  const code = errno();
  close(fd);
  return -code;
}

/** Sends one datagram, waiting where the receiver has no room, and returns its length. */
export function sendDatagram(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  const length = library().send(fd, bytes, BigInt(bytes.length), MSG_NOSIGNAL);
  return length < 0n ? -errno() : Number(length);
}

/** Reads one packet if there is one, and returns its length. */
export function receive(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  const length = library().recv(fd, buffer, BigInt(buffer.length), MSG_DONTWAIT);
  return length < 0n ? -errno() : Number(length);
}

/** setsockopt(2) with a 32 bit value. */
export function setOption(fd: number, level: number, option: number, value: number): number {
  const bytes = alloc(4);
  new Int32Array(bytes.buffer)[0] = value;
  return library().setsockopt(fd, level, option, bytes, bytes.length) < 0 ? -errno() : 0;
}

/** getsockopt(2): fills `value`. */
export function getOption(
  fd: number,
  level: number,
  option: number,
  value: Uint8Array<ArrayBuffer>,
): number {
  const length = alloc(4);
  new Uint32Array(length.buffer)[0] = value.length;
  return library().getsockopt(fd, level, option, value, length) < 0 ? -errno() : 0;
}
