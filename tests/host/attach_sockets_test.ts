import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, BpfError, u32, u64 } from "../../mod.ts";
import { getOption } from "../../ffi/libc/socket.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { buildObject } from "../support/build.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { command, until } from "../support/network.ts";
import { connect, connection, Listener, type TestSocket } from "../support/sockets.ts";

function load(port = 0): Bpf {
  return Bpf.load(buildObject("net_sockets.bpf.c"), { name: "net_sockets", globals: { port } });
}

/** Sends 1009 messages on one socket; returns what another socket received. */
async function moved(from: TestSocket, to: TestSocket): Promise<string> {
  let text = "";
  for (let i = 0; i < 1009; i++) from.send(`${i % 10}${i % 7} `);
  await until(() => (text += to.read()).length >= 1009 * 3, "the bytes");
  return text;
}

const EXPECTED = Array.from({ length: 1009 }, (_, i) => `${i % 10}${i % 7} `).join("");
const SO_COOKIE = 57;

/** The socket's cookie, which the kernel returns for a socket in a map. */
function cookie({ fd }: TestSocket): bigint {
  const value = alloc(8);
  assert.equal(getOption(fd, 1, SO_COOKIE, value), 0);
  return new DataView(value.buffer).getBigUint64(0, true);
}

for (const kind of ["SOCKMAP", "SOCKHASH"] as const) {
  test(`attach sk_msg: redirects what is sent, byte for byte, by a ${kind}`, async () => {
    using bpf = load();
    const [a, b] = connection();
    const [c, d] = connection();
    const name = kind === "SOCKMAP" ? "sockets" : "by_key";
    const program = bpf.program(kind === "SOCKMAP" ? "on_message" : "on_message_by_key");
    const map = kind === "SOCKMAP"
      ? bpf.map("sockets", u32, u64.asNumber)
      : bpf.map("by_key", u64.asNumber, u32);
    const link = program.attachSockMap(map, "SK_MSG_VERDICT");
    assert.equal(link.description, `SK_MSG_VERDICT of map "${name}"`);
    map.set(0, a.fd).set(1, c.fd);
    assert.equal(await moved(a, d), EXPECTED);
    assert.equal(b.read(), "");
    assert.equal(bpf.global("bytes", u64.asNumber).value, 3027);

    // Sockets in the map keep the program attached until they are removed.
    link.close();
    assert.equal(map.delete(0), true);
    map.set(0, a.fd);
    assert.equal(await moved(a, b), EXPECTED);
    assert.equal(d.read(), "");
    assert.equal(bpf.global("bytes", u64.asNumber).value, 3027);
    for (const socket of [a, b, c, d]) socket[Symbol.dispose]();
  });
}

test("attach sk_skb: parses and redirects what is received", async () => {
  using bpf = load();
  const [a, b] = connection();
  const [c, d] = connection();
  const sockets = bpf.map("sockets", u32, u64.asNumber);
  bpf.program("on_stream").attachSockMap(sockets, "SK_SKB_STREAM_PARSER");
  bpf.program("on_stream_verdict").attachSockMap(sockets, "SK_SKB_STREAM_VERDICT");
  sockets.set(0, b.fd).set(1, c.fd);
  assert.equal(await moved(a, d), EXPECTED);
  assert.equal(b.read(), "");
  assert.equal(bpf.global("parsed", u64.asNumber).value, 3027);
  assert.equal(bpf.global("bytes", u64.asNumber).value, 3027);
  for (const socket of [a, b, c, d]) socket[Symbol.dispose]();
});

test("maps of sockets tell cookies where their values have room, and forget closed sockets", () => {
  using bpf = load();
  const [a, b] = connection();
  const sockets = bpf.map("sockets", u32, u64);
  const byKey = bpf.map("by_key", u64, u32);
  sockets.set(1, BigInt(a.fd));
  byKey.set(5n, b.fd);
  assert.deepEqual([...sockets], [[1, cookie(a)]]);
  assert.equal(sockets.get(0), undefined);
  assert.throws(() => byKey.get(5n), isBpfError("ENOSPC", "shorter ones nothing"));
  assert.throws(() => sockets.set(0, 0n), BpfError);
  a[Symbol.dispose]();
  b[Symbol.dispose]();
  assert.deepEqual([...sockets], []);
  assert.equal(byKey.delete(5n), false);
});

test("attach sk_lookup: connections to a closed port reach a listener, until detached", () => {
  using listener = new Listener();
  const port = new Listener();
  const closed = port.port;
  port[Symbol.dispose]();
  using bpf = load(closed);
  bpf.map("sockets", u32, u64.asNumber).set(0, listener.fd);
  const refused = (error: Error) => /ECONNREFUSED/.test(error.message);
  assert.throws(() => connect(closed), refused);
  const link = bpf.program("on_lookup").attachNamespace("SK_LOOKUP");
  for (let i = 0; i < 13; i++) {
    using client = connect(closed);
    using server = listener.accept();
    assert.equal(server.port, closed);
    client.send("x");
  }
  // One lookup for each SYN; another one may follow for the ACK, before the connection is
  // established.
  const found = bpf.global("looked_up", u64.asNumber);
  assert.ok(found.value >= 13, `${found.value}`);
  link.close();
  const before = found.value;
  assert.throws(() => connect(closed), refused);
  assert.equal(found.value, before);
});

/**
 * Sends datagrams over the loopback interface of its namespace. The socket is not connected, because
 * packets of a connected socket carry a hash already, and the kernel then does not run the flow
 * dissector.
 */
const TALK = `use IO::Socket::INET;
my ($from, $to) = map { IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1") } 1, 2;
for (1 .. $ARGV[0]) { send($from, "x", 0, $to->sockname) or die $!; $to->recv(my $text, 1) }`;

test("attach flow dissector: counts exactly in one network namespace, until detached", () => {
  const name = `tsb${process.pid}`;
  const path = `/run/netns/${name}`;
  const inside = (...words: string[]) => command("ip", "netns", "exec", name, ...words);
  command("ip", "netns", "add", name);
  try {
    // With receive packet steering (RPS) the kernel runs the flow dissector.
    inside("ip", "link", "set", "lo", "up");
    inside("sh", "-c", "echo 1 >/sys/class/net/lo/queues/rx-0/rps_cpus");
    using bpf = load();
    const program = bpf.program("on_flow");
    const dissected = bpf.global("dissected", u64.asNumber);
    const link = program.attachNamespace("FLOW_DISSECTOR", path);
    assert.equal(link.description, `FLOW_DISSECTOR of network namespace ${path}`);
    assert.throws(
      () => program.attachNamespace("FLOW_DISSECTOR", path),
      (error: Error) => /has as many of these as it can/.test(error.message),
    );
    inside("perl", "-e", TALK, "1009");
    assert.equal(dissected.value, 1009);
    link.close();
    inside("perl", "-e", TALK, "5");
    assert.equal(dissected.value, 1009);
    program.attachNamespace("FLOW_DISSECTOR", path);
    assert.throws(
      () => program.attachNamespace("FLOW_DISSECTOR", "/run/netns/tsb-none"),
      isBpfError("ENOENT"),
    );
  } finally {
    command("ip", "netns", "del", name);
  }
});

test("nothing is left of programs on sockets and maps", () => {
  const cycle = () => {
    using bpf = load();
    const sockets = bpf.map("sockets", u32, u64);
    bpf.program("on_message").attachSockMap(sockets, "SK_MSG_VERDICT");
    bpf.program("on_message").attachToFd(bpf.map("by_key").fd, "SK_MSG_VERDICT").close();
    bpf.program("on_lookup").attachNamespace("SK_LOOKUP");
    assert.throws(
      () => bpf.program("on_lookup").attachSockMap(sockets, "SK_MSG_VERDICT"),
      BpfError,
    );
    assert.throws(() => bpf.program("on_message").attachToFd(-1, "SK_MSG_VERDICT"), /EBADF/);
  };
  cycle();
  const before = held();
  for (let i = 0; i < 5; i++) cycle();
  assert.deepEqual(held(), before);
});
