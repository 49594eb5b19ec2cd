import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, cgroupMount, cgroupPath, openCgroup, u64 } from "../../mod.ts";
import { close, O_RDONLY, open } from "../../ffi/libc/files.ts";
import { buildObject } from "../support/build.ts";
import { callGetppid } from "../support/calls.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { run } from "../support/process.ts";
import { Datagrams, Listener } from "../support/sockets.ts";

const load = (port: number) =>
  Bpf.load(buildObject("net_cgroup.bpf.c"), {
    name: "net_cgroup",
    globals: { port, target_pid: process.pid },
  });

/** Sends datagrams from one socket to a port, as bash does. */
const sendTo = (port: number, times: number) =>
  `exec 3<>/dev/udp/127.0.0.1/${port}; for ((i = 0; i < ${times}; i++)); do printf x >&3; done`;

test("attach cgroup: counts exactly what a cgroup sends, receives and opens", async () => {
  using receiver = new Datagrams();
  using group = new TestCgroup("skb");
  using bpf = load(receiver.port);
  const count = (name: string) => bpf.global(name, u64.asNumber).value;
  const links = [
    bpf.program("on_ingress").attachCgroup(group.path, "CGROUP_INET_INGRESS"),
    bpf.program("on_egress").attachCgroup(group.path, "CGROUP_INET_EGRESS"),
    bpf.program("on_socket").attachCgroup(group.path, "CGROUP_INET_SOCK_CREATE"),
  ];
  assert.equal(links[0]!.description, `CGROUP_INET_INGRESS of cgroup ${group.path}`);
  assert.equal((await group.start(sendTo(receiver.port, 1009)).result).status, 0);
  assert.deepEqual([count("sent"), count("arrived"), count("sockets")], [1009, 0, 1]);
  receiver.read();

  await using client = group.start(`${sendTo(receiver.port, 1)}; echo sent; read`);
  await client.find("stdout", /sent/);
  receiver.receive();
  for (let i = 0; i < 1009; i++) receiver.answer();
  assert.deepEqual([count("sent"), count("arrived"), count("sockets")], [1010, 1009, 2]);

  for (const link of links) link.close();
  receiver.answer();
  client.send();
  await client.result;
  await group.start(sendTo(receiver.port, 5)).result;
  await run(["bash", "-c", sendTo(receiver.port, 5)]);
  assert.deepEqual([count("sent"), count("arrived"), count("sockets")], [1010, 1009, 2]);
});

test("attach cgroup: a refused connect fails with EPERM, there and nowhere else", async () => {
  using listener = new Listener();
  using group = new TestCgroup("connect");
  using bpf = load(listener.port);
  const denied = bpf.global("denied", u64.asNumber);
  const connects = bpf.global("connects", u64.asNumber);
  const script = `exec 3<>/dev/tcp/127.0.0.1/${listener.port}`;
  using _events = bpf.program("on_socket_event").attachCgroup(group.path, "CGROUP_SOCK_OPS");
  {
    const folder = open(group.path, O_RDONLY);
    using _link = bpf.program("deny_connect").attachCgroup(folder, "CGROUP_INET4_CONNECT");
    close(folder);
    const { status, stderr } = await group.start(script).result;
    assert.notEqual(status, 0);
    assert.match(stderr, /Operation not permitted/);
    assert.equal((await run(["bash", "-c", script])).status, 0);
  }
  assert.deepEqual([denied.value, connects.value], [1, 0]);
  assert.equal((await group.start(script).result).status, 0);
  assert.deepEqual([denied.value, connects.value], [1, 1]);
});

test("attach cgroup: opening a device is refused with EPERM, by bpf_prog_attach", async () => {
  using group = new TestCgroup("device");
  using bpf = load(0);
  const folder = open(group.path, O_RDONLY);
  const link = bpf.program("deny_zero").attachToFd(folder, "CGROUP_DEVICE");
  assert.equal(link.description, `CGROUP_DEVICE of file descriptor ${folder}`);
  close(folder);
  const script = "exec 3</dev/null && exec 3</dev/zero";
  const { status, stderr } = await group.start(script).result;
  assert.notEqual(status, 0);
  assert.match(stderr, /\/dev\/zero: Operation not permitted/);
  link.close();
  assert.equal((await group.start(script).result).status, 0);
  assert.equal(bpf.global("denied", u64.asNumber).value, 1);
});

test("CgroupArray tells programs who is in a cgroup", async () => {
  using group = new TestCgroup("array");
  using bpf = load(0);
  bpf.program("on_call").attach();
  const counts = () => [bpf.global("inside", u64).value, bpf.global("outside", u64).value];
  const script = "exec perl -e 'getppid() for 1..1009'";
  await group.start(script).result;
  assert.deepEqual(counts(), [0n, 0n]);
  const groups = bpf.cgroupArray("groups").set(0, group.path);
  assert.equal((await group.start(script).result).status, 0);
  callGetppid(13);
  assert.deepEqual(counts(), [1009n, 13n]);
  assert.equal(groups.delete(0), true);
  assert.equal(groups.delete(0), false);
  await group.start(script).result;
  assert.deepEqual(counts(), [1009n, 13n]);
  assert.throws(() => groups.set(0, "/proc"), isBpfError("EBADF"));
  assert.throws(() => groups.set(0, "/nonexistent"), isBpfError("ENOENT"));
  assert.throws(() => bpf.map("groups"), /open it with cgroupArray\(\)/);
});

test("openCgroup() tells the id that programs know a cgroup by", () => {
  using group = new TestCgroup("id");
  using open = openCgroup(group.path);
  assert.equal(open.id, BigInt(group.id));
  assert.equal(cgroupPath(open.id), group.path.slice(cgroupMount()!.length));
});

test("attach cgroup: what cannot be is said, and nothing is left behind", () => {
  using group = new TestCgroup("errors");
  const cycle = () => {
    using bpf = load(0);
    const program = bpf.program("on_egress");
    program.attachCgroup(group.path, "CGROUP_INET_EGRESS");
    assert.throws(
      () => program.attachCgroup("/proc", "CGROUP_INET_EGRESS"),
      /^BpfError: Cannot attach program "on_egress" to CGROUP_INET_EGRESS of cgroup \/proc: Bad file descriptor \(EBADF\): it has to be a folder of cgroup version 2/,
    );
    assert.throws(
      () => program.attachCgroup("/nonexistent", "CGROUP_INET_EGRESS"),
      isBpfError("ENOENT", "in /sys/fs/cgroup/unified"),
    );
    assert.throws(
      () => program.attachCgroup(group.path, "CGROUP_INET4_CONNECT"),
      /was not loaded as CGROUP_SOCK_ADDR for this hook/,
    );
  };
  cycle();
  const before = held();
  for (let i = 0; i < 5; i++) cycle();
  assert.deepEqual(held(), before);
});
