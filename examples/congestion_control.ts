/**
 * Registers a TCP congestion control algorithm, until Ctrl-C.
 *
 *     sudo deno run -A examples/congestion_control.ts
 *     sudo bun examples/congestion_control.ts
 *
 *     Registered tsbcc_steady, Ctrl-C to end
 *     7 connections, 14 segments acknowledged
 *
 * Connections that select the algorithm by name use it, such as those of
 * `iperf3 --congestion tsbcc_steady`; `sysctl net.ipv4.tcp_congestion_control=tsbcc_steady` makes
 * it the default for new connections.
 *
 * It teaches: struct_ops, programs that the kernel calls in place of its own functions. The link
 * keeps them registered; a connection that uses them keeps them loaded until it is closed.
 */

import { Bpf, u64 } from "../mod.ts";
import object from "./congestion_control.bpf.o.ts";

const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));

using bpf = Bpf.load(object);
using _link = bpf.attachStructOps("tsbcc_steady");
if (process.env.TSBCC_READY === "1") console.error("ready");
console.log("Registered tsbcc_steady, Ctrl-C to end");

// A pending promise does not keep the process alive; a timer does.
const awake = setInterval(() => {}, 2 ** 30);
await interrupted;
clearInterval(awake);
const [connections, segments] = ["connections", "acknowledged"]
  .map((name) => bpf.global(name, u64).value);
console.log(`${connections} connections, ${segments} segments acknowledged`);
