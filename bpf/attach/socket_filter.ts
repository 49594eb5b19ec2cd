/**
 * Socket filters: programs that choose which packets a socket receives, and how much of each.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { close } from "../../ffi/libc/files.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { bindToInterface, getOption, openPacketSocket, setOption } from "../../ffi/libc/socket.ts";
import { type Link, newLink } from "../base/link.ts";
import { newPacketSocket, type PacketSocket } from "./packet_socket.ts";
import { type Attachable, attachError } from "./attachment.ts";
import { explainNetwork, findInterface, type Interface } from "./interface.ts";

// include/uapi/asm-generic/socket.h
const SOL_SOCKET = 1;
const SO_DETACH_BPF = 27;
const SO_ATTACH_BPF = 50;
const SO_COOKIE = 57;

/**
 * Attaches a filter to a socket of the caller's; closing the link detaches it. Needs Linux >= 3.19.
 */
export function attachSocketFilter(program: Attachable, socket: number): Link {
  const description = `the filter of socket ${socket}`;
  const result = setFilter(program, socket);
  if (result < 0) throw attachError(program, description, -result, explain);
  const attached = cookie(socket);
  return newLink(description, () => {
    // By now the descriptor number may belong to another socket.
    if (cookie(socket) === attached) setOption(socket, SOL_SOCKET, SO_DETACH_BPF, 0);
  });
}

/** Opens a packet socket that receives the packets of an interface which pass the filter. */
export function attachRawSocket(
  program: Attachable,
  target: Interface,
  closed: () => void,
): PacketSocket {
  const action = `attach program "${program.name}" to a packet socket on`;
  const { name, index } = findInterface(target, action);
  const description = `a packet socket on ${name}`;
  const socket = openPacketSocket();
  if (socket < 0) throw attachError(program, description, -socket, explain);
  try {
    // The filter is set first: a bound socket receives packets at once.
    const result = setFilter(program, socket) || bindToInterface(socket, index);
    if (result < 0) throw attachError(program, description, -result, explain);
    return newPacketSocket(description, socket, closed);
  } catch (error) {
    close(socket);
    throw error;
  }
}

function setFilter(program: Attachable, socket: number): number {
  return setOption(socket, SOL_SOCKET, SO_ATTACH_BPF, program.fd("SOCKET_FILTER"));
}

/**
 * The socket's cookie, unique for as long as the machine runs; undefined when it is no socket.
 * Needs Linux >= 4.12.
 */
function cookie(socket: number): bigint | undefined {
  const value = new BigUint64Array(alloc(8).buffer);
  const result = getOption(socket, SOL_SOCKET, SO_COOKIE, new Uint8Array(value.buffer));
  return result < 0 ? undefined : value[0];
}

function explain(errno: number): string | undefined {
  if (errno === Errno.EBADF || errno === Errno.ENOTSOCK) return "it is no open socket";
  if (errno === Errno.ENOMEM) {
    return "the program is too large for net.core.optmem_max: raise it with sysctl";
  }
  return explainNetwork(errno, "SOCKET_FILTER");
}
