// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { Bpf, bytesRest, cgroupMount, i32, type ProgramType, struct, u32, u64 } from "../../mod.ts";
import { callGetppid } from "../support/calls.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { portOf, Tap, until, VethPair } from "../support/network.ts";
import { run } from "../support/process.ts";
import { connection, Datagrams, Listener } from "../support/sockets.ts";

const PORT = 7919;
const OTHER = 7907;

/**
 * Code that finds the UDP header. Each function needs a copy: libbcc rewrites packet accesses only
 * there.
 */
const TO_UDP = `
  u8 *cursor = 0;
  struct ethernet_t *ethernet = cursor_advance(cursor, sizeof(*ethernet));
  if (ethernet->type != 0x0800) return 0;
  struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
  if (ip->nextp != 17) return 0;
  struct udp_t *udp = cursor_advance(cursor, sizeof(*udp));`;

const PACKETS = `
#include <bcc/proto.h>
BPF_ARRAY(seen, u64, 1);
int filter(struct __sk_buff *skb) {${TO_UDP}
  if (udp->dport != ${PORT}) return 0;
  seen.atomic_increment(0);
  return -1;
}
int classify(struct __sk_buff *skb) {${TO_UDP}
  if (udp->dport == ${PORT}) seen.atomic_increment(0);
  return 0;
}
int count(struct xdp_md *ctx) {
  u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (data + 42 > end || data[23] != 17) return XDP_PASS;
  if ((data[36] << 8 | data[37]) == ${PORT}) seen.atomic_increment(0);
  return XDP_PASS;
}
int nothing(struct __sk_buff *skb) { return 0; }`;

test("compiled attach XDP, tc and a raw socket: each counts exactly until it is closed", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using near = new Tap(pair.near);
  using bpf = Bpf.compile(PACKETS);
  const seen = () => bpf.map("seen", u32, u64.asNumber).get(0)!;
  const attach = [
    () => bpf.program("count").attachXdp(pair.near),
    () => bpf.program("classify").attachTc(pair.near, "ingress"),
    () => bpf.program("classify").attachTc(pair.far, "egress"),
    () => bpf.program("filter").attachRawSocket(pair.near),
  ];
  for (const [i, each] of attach.entries()) {
    const link = each();
    if (i > 0) await far.sendAll(OTHER, 5, () => near.received(OTHER));
    await far.sendAll(PORT, 101, () => near.received(PORT));
    await until(() => seen() >= 101 * (i + 1));
    link.close();
    await far.sendAll(PORT, 5, () => near.received(PORT));
    assert.equal(seen(), 101 * (i + 1));
  }
  assert.deepEqual(bpf.attach(), []);
});

test("compiled attach a raw socket: packets are read in a loop that leaving ends", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using bpf = Bpf.compile(PACKETS);
  const socket = bpf.program("filter").attachRawSocket(pair.near);
  const ports: (number | undefined)[] = [];
  for (let i = 0; i < 13; i++) far.send(PORT);
  for await (const packet of socket) {
    ports.push(portOf(packet));
    if (ports.length === 13) break;
  }
  assert.deepEqual(ports, Array(13).fill(PORT));
  assert.equal(socket.read(), undefined);
});

test("compiled output: perf_submit_skb() sends packets behind the struct", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using near = new Tap(pair.near);
  using bpf = Bpf.compile(`
BPF_PERF_OUTPUT(packets);
int submit(struct __sk_buff *skb) {
  u32 mark = 1009;
  packets.perf_submit_skb(skb, skb->len, &mark, sizeof(mark));
  return 0;
}`);
  using packets = bpf.events("packets", struct("packet", { mark: u32, frame: bytesRest() }));
  using _link = bpf.program("submit").attachTc(pair.near, "ingress");
  await far.sendAll(PORT, 13, () => near.received(PORT));
  const seen: unknown[] = [];
  const take = () => packets.drain(({ mark, frame }) => seen.push([mark, portOf(frame)]));
  await until(() => take() >= 0 && seen.length >= 13);
  assert.deepEqual(seen, Array(13).fill([1009, PORT]));
});

test("compiled attach a socket filter: drops what a socket would receive, until detached", () => {
  using bpf = Bpf.compile(PACKETS);
  using client = new Datagrams();
  using server = new Datagrams();
  client.sendTo(server.port);
  server.receive();
  const link = bpf.program("nothing").attachSocketFilter(client.fd);
  server.answer();
  assert.equal(client.read(), "");
  link.close();
  server.answer();
  assert.equal(client.read(), "\0");

  // If the descriptor number belongs to another socket by now, closing the link must not touch that
  // one.
  const first = new Datagrams();
  const stale = bpf.program("nothing").attachSocketFilter(first.fd);
  const { fd } = first;
  first[Symbol.dispose]();
  using second = new Datagrams();
  assert.equal(second.fd, fd);
  second.sendTo(server.port);
  server.receive();
  bpf.program("nothing").attachSocketFilter(second.fd);
  stale.close();
  server.answer();
  assert.equal(second.read(), "");
  assert.throws(
    () => bpf.program("nothing").attachSocketFilter(-1),
    isBpfError("EBADF", "it is no open socket"),
  );
});

test("compiled attach cgroup: loaded for its hook, refuses and counts", async () => {
  using listener = new Listener();
  using group = new TestCgroup("bcc");
  using bpf = Bpf.compile(`
BPF_ARRAY(counts, u64, 2);
BPF_CGROUP_ARRAY(groups, 1);
int deny(struct bpf_sock_addr *ctx) {
  if (ctx->user_port != htons(${listener.port})) return 1;
  counts.atomic_increment(0);
  return 0;
}
int sends(struct __sk_buff *skb) { return 1; }
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  if (groups.check_current_task(0) > 0) counts.atomic_increment(1);
  return 0;
}`);
  const counts = bpf.map("counts", u32, u64);
  const script = `exec 3<>/dev/tcp/127.0.0.1/${listener.port}`;
  {
    using _deny = bpf.program("deny").attachCgroup(group.path, "CGROUP_INET4_CONNECT");
    using _in = bpf.program("sends").attachCgroup(group.path, "CGROUP_INET_INGRESS");
    using _out = bpf.program("sends").attachCgroup(group.path, "CGROUP_INET_EGRESS");
    const { stderr } = await group.start(script).result;
    assert.match(stderr, /Operation not permitted/);
    assert.equal((await run(["bash", "-c", script])).status, 0);
  }
  assert.equal((await group.start(script).result).status, 0);
  bpf.attach();
  bpf.cgroupArray("groups").set(0, group.path);
  callGetppid(5);
  await group.start("exec perl -e 'getppid() for 1..1009'").result;
  assert.deepEqual([...counts.values()], [1n, 1009n]);
});

test("compiled attach cgroup: its storage and that of its sockets count packets exactly", async () => {
  using group = new TestCgroup("storage");
  using other = new TestCgroup("other");
  using server = new Datagrams();
  using client = new Datagrams();
  using bpf = Bpf.compile(`
BPF_CGROUP_STORAGE(packets, u64);
BPF_PERCPU_CGROUP_STORAGE(per_cpu, u64);
BPF_SK_STORAGE(sockets, u64);
int sends(struct __sk_buff *skb) {
  u64 none = 0, *seen = (u64 *)(long)packets.get_local_storage(0);
  u64 *here = (u64 *)(long)per_cpu.get_local_storage(0);
  lock_xadd(seen, 1);
  (*here)++;
  if (!skb->sk) return 1;
  struct bpf_sock *socket = bpf_sk_fullsock(skb->sk);
  if (!socket) return 1;
  seen = sockets.sk_storage_get(socket, &none, BPF_SK_STORAGE_GET_F_CREATE);
  if (seen) lock_xadd(seen, 1);
  return 1;
}`);
  const send = (times: number) =>
    `exec 3<>/dev/udp/127.0.0.1/${server.port}; for i in {1..${times}}; do echo >&3; done`;
  const program = bpf.program("sends");
  {
    using _link = program.attachCgroup(group.path, "CGROUP_INET_EGRESS");
    using _other = program.attachCgroup(other.path, "CGROUP_INET_EGRESS");
    await group.start(send(101)).result;
    await other.start(send(7)).result;
    const { ino } = statSync(group.path);
    const ofGroup = (key: unknown) =>
      (key as { cgroup_inode_id: bigint }).cgroup_inode_id === BigInt(ino);
    const counts = [...bpf.map("packets")].map(([key, count]) => [ofGroup(key), count]);
    assert.deepEqual(counts.sort(), [[false, 7n], [true, 101n]]);
    const perCpu = [...bpf.perCpuMap("per_cpu")].find(([key]) => ofGroup(key))![1];
    assert.equal((perCpu as bigint[]).reduce((sum, count) => sum + count), 101n);
  }
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))![1]!;
  using _link = program.attachCgroup(`${cgroupMount()}${own}`, "CGROUP_INET_EGRESS");
  for (let i = 0; i < 13; i++) client.sendTo(server.port);
  const sockets = bpf.map("sockets", i32, u64);
  assert.equal(sockets.get(client.fd), 13n);
  assert.equal(sockets.get(server.fd), undefined);
});

test("compiled attach sk_msg: a SOCKHASH moves bytes", async () => {
  using bpf = Bpf.compile(`
struct key_t { u32 id; };
BPF_SOCKHASH(sockets, struct key_t, 2);
int redirect(struct sk_msg_md *msg) {
  struct key_t key = { .id = 1 };
  return sockets.msg_redirect_hash(msg, &key, 0);
}`);
  const [a, b] = connection();
  const [c, d] = connection();
  const sockets = bpf.map("sockets", struct("key_t", { id: u32 }), i32);
  bpf.program("redirect").attachSockMap(sockets, "SK_MSG_VERDICT");
  sockets.set({ id: 0 }, a.fd).set({ id: 1 }, c.fd);
  a.send("moved");
  let text = "";
  await until(() => (text += d.read()) !== "");
  assert.equal(text, "moved");
  assert.equal(b.read(), "");
  for (const socket of [a, b, c, d]) socket[Symbol.dispose]();
});

test("compiled programs load as types that others attach", () => {
  const types: ProgramType[] = ["LWT_IN", "LWT_OUT", "LWT_XMIT", "LWT_SEG6LOCAL", "SCHED_ACT"];
  using bpf = Bpf.compile("int nothing(struct __sk_buff *skb) { return 0; }");
  const fds = types.map((type) => bpf.program("nothing").load(type));
  assert.equal(new Set(fds).size, types.length);
});

test("cycles of compile, attach to the network and close leave nothing behind", () => {
  using pair = new VethPair();
  const cycle = () => {
    using bpf = Bpf.compile(PACKETS);
    bpf.program("count").attachXdp(pair.near);
    bpf.program("classify").attachTc(pair.near, "egress");
    bpf.program("filter").attachRawSocket(pair.near);
  };
  cycle();
  const before = held();
  for (let i = 0; i < 3; i++) cycle();
  assert.deepEqual(held(), before);
});
