/**
 * The connections of tcp.c, in a network namespace of their own: no other process uses its ports, and it
 * has addresses that never answer.
 *
 * @module
 */

import { statSync } from "node:fs";
import { buildProgram } from "./build.ts";
import { type Result, Running } from "./process.ts";
import { startTool, stopTool } from "./tool.ts";

/**
 * Sets up the namespace: packets to 198.51.100.0/24 and 2001:db8:1::/64 go to the loopback interface and are dropped.
 */
const NAMESPACE = `set -e
ip link set lo up
ip addr add 192.0.2.2/32 dev lo
ip route add 198.51.100.0/24 dev lo src 192.0.2.2
ip -6 addr add 2001:db8::2/128 dev lo nodad
ip -6 route add 2001:db8:1::/64 dev lo src 2001:db8::2
exec "$@"`;

/** Also makes a second namespace for `peer=`, in which the server runs, on 203.0.113.2 and 2001:db8:2::2. */
const TWO_NAMESPACES = `set -e
mount -t tmpfs tmpfs /run
ip netns add peer
ip link add near type veth peer name far netns peer
ip addr add 203.0.113.1/24 dev near
ip -6 addr add 2001:db8:2::1/64 dev near nodad
ip link set near up
ip -n peer addr add 203.0.113.2/24 dev far
ip -n peer -6 addr add 2001:db8:2::2/64 dev far nodad
ip -n peer link set far up
ip -n peer link set lo up
${NAMESPACE}`;

/** The loopback address of a step's family; `m` is an IPv6 socket with an IPv4-mapped address. */
export function loopback(family: Connection["family"]): string {
  return { 4: "127.0.0.1", 6: "::1", m: "::ffff:127.0.0.1" }[family];
}

/** A connection that was made. */
export interface Connection {
  readonly family: "4" | "6" | "m";
  /** The client's port; 0 for `refused` steps. */
  readonly port: number;
  readonly serverPort: number;
  /** The number of the client's retransmits. */
  readonly retransmits: number;
  /** The inode number of the client's network namespace. */
  readonly netns: number;
}

/** A client and a server that wait until `go()`. */
export class TcpWorkload implements AsyncDisposable {
  readonly client: number;
  readonly server: number;
  /** The inode number of the client's network namespace. */
  readonly netns: number;
  /** The ports at which the server listens, one for each step that has a listener. */
  readonly ports: readonly number[];
  readonly #running: Running;

  private constructor(running: Running, [, client, server, ports]: RegExpExecArray) {
    this.#running = running;
    this.client = Number(client);
    this.server = Number(server);
    this.netns = statSync(`/proc/${client}/ns/net`).ino;
    this.ports = Array.from(ports!.matchAll(/\d+/g), Number);
  }

  /** Starts tcp.c and waits until it waits for a line. */
  static async start(...steps: string[]): Promise<TcpWorkload> {
    const program = [buildProgram("tcp.c"), ...steps];
    const isTwo = steps[0]?.startsWith("peer=");
    const [flags, script] = isTwo ? [["--mount"], TWO_NAMESPACES] : [[], NAMESPACE];
    const start = ["unshare", "--net", ...flags, "sh", "-c", script, "sh"];
    const running = Running.start([...start, ...program]);
    const pattern = /^client (\d+)\nserver (\d+)\n((?:port \d+\n)*)ready\n/;
    return new TcpWorkload(running, await running.find("stdout", pattern));
  }

  /** Makes the connections; resolves when they have ended. @throws when a step failed */
  async go(): Promise<Connection[]> {
    this.#running.send();
    const { status, stdout, stderr } = await this.#running.result;
    if (status !== 0) throw new Error(`The TCP workload failed: ${stderr}`);
    return connectionsOf(stdout, this.netns);
  }

  /** Lets it run until the next `wait` step; returns the connections so far. */
  async goToWait(): Promise<Connection[]> {
    this.#running.send();
    return connectionsOf((await this.#running.find("stdout", /^[^]*^waiting$/m))[0], this.netns);
  }

  /** Sends SIGUSR1 to end the client's `blocked` step. */
  interrupt(): void {
    this.#running.kill("SIGUSR1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

function connectionsOf(text: string, netns: number): Connection[] {
  return Array.from(text.matchAll(/^flow (.) (\d+) (\d+) (\d+)$/gm), (match) => ({
    // p is MPTCP over IPv4; v and w are IPv4 and IPv6 to the other namespace.
    family: match[1]!.replace(/[pv]/, "4").replace("w", "6") as Connection["family"],
    port: Number(match[2]),
    serverPort: Number(match[3]),
    retransmits: Number(match[4]),
    netns,
  }));
}

/** What a tool printed while connections were made. */
export interface RecordedTcp {
  readonly result: Result;
  readonly connections: readonly Connection[];
  readonly client: number;
  readonly server: number;
}

/** Runs a tool while the connections are made, from its ready line on. */
export async function recordTcp(
  name: string,
  args: readonly string[],
  steps: readonly string[],
): Promise<RecordedTcp> {
  const [recorded] = await recordTcpRuns(name, () => [args], steps);
  return recorded!;
}

/** Runs a tool several times at once, with different arguments, while the connections are made. */
export async function recordTcpRuns(
  name: string,
  args: (workload: TcpWorkload) => readonly (readonly string[])[],
  steps: readonly string[],
): Promise<RecordedTcp[]> {
  await using workload = await TcpWorkload.start(...steps);
  await using tools = new AsyncDisposableStack();
  const running: Running[] = [];
  for (const each of args(workload)) running.push(tools.use(await startTool(name, ...each)));
  const connections = await workload.go();
  const { client, server } = workload;
  const results = await Promise.all(running.map(stopTool));
  return results.map((result) => ({ result, connections, client, server }));
}
