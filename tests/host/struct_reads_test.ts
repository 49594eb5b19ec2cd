// Reads of kernel structs by member, with each kind of headers: from BTF, and installed ones.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { release } from "node:os";
import { test } from "node:test";
import { Bpf, ipv4, ipv6, struct, u16, u16be, u32 } from "../../mod.ts";
import { callGetppid } from "../support/calls.ts";
import { requires } from "../support/requires.ts";

const PARENTS = `
#include <linux/sched.h>

BPF_HASH(parents, u32, u32);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  u32 pid = task->tgid, parent = task->real_parent->tgid;
  if (pid == ${process.pid}) parents.update(&pid, &parent);
  return 0;
}`;

const Ends = struct("ends", {
  source: ipv4,
  target: ipv4,
  source6: ipv6,
  target6: ipv6,
  family: u16,
  target_port: u16be,
});

const ENDS = `
#include <net/sock.h>
#include <net/inet_sock.h>

struct ends {
  u32 source, target;
  struct in6_addr source6, target6;
  u16 family, target_port;
};
BPF_HASH(established, u16, struct ends);
RAW_TRACEPOINT_PROBE(inet_sock_set_state) {
  struct sock *from = (struct sock *)ctx->args[0];
  struct socket *socket = from->sk_socket;
  struct ends ends = {};

  if (ctx->args[2] != TCP_ESTABLISHED || !socket)
    return 0;
  struct sock *sk = socket->sk;
  u16 port = sk->sk_num;
  ends.family = sk->sk_family;
  ends.target_port = sk->sk_dport;
  if (ends.family == AF_INET) {
    ends.source = inet_sk(sk)->inet_saddr;
    ends.target = sk->sk_daddr;
  } else {
    bpf_probe_read_kernel(&ends.source6, sizeof(ends.source6), &sk->sk_v6_rcv_saddr);
    ends.target6 = sk->__sk_common.skc_v6_daddr;
  }
  established.update(&port, &ends);
  return 0;
}`;

/** Checks that the program read this process's parent pid. */
function checkParent(bpf: Bpf): void {
  callGetppid(1);
  assert.deepEqual([...bpf.map("parents", u32, u32)], [[process.pid, process.ppid]]);
}

/** Checks that the program read the addresses and ports of two connections. */
async function checkEnds(bpf: Bpf): Promise<void> {
  const established = bpf.map("established", u16, Ends);
  const four = await connectTo("127.0.0.1");
  assert.deepEqual(established.get(four.client), {
    source: "127.0.0.1",
    target: "127.0.0.1",
    source6: "::",
    target6: "::",
    family: 2,
    target_port: four.server,
  });
  const six = await connectTo("::1");
  assert.deepEqual(established.get(six.client), {
    source: "0.0.0.0",
    target: "0.0.0.0",
    source6: "::1",
    target6: "::1",
    family: 10,
    target_port: six.server,
  });
}

/** Makes a connection inside this process and closes both ends; returns the ports. */
async function connectTo(address: string): Promise<{ server: number; client: number }> {
  const server = createServer().listen(0, address);
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const { port } = server.address() as AddressInfo;
  const client = connect(port, address);
  await once(client, "connect");
  const local = client.localPort!;
  const [other] = await accepted;
  client.destroy();
  other.destroy();
  server.close();
  await once(server, "close");
  return { server: port, client: local };
}

/** Mounts the headers of a guest's kernel where Debian's packages put them, until disposal. */
function installHeaders(): Disposable {
  const sources = `${process.env.TSBCC_GUEST_HEADERS}/usr/src`;
  using undo = new DisposableStack();
  for (const folder of readdirSync(sources)) {
    const link = `/lib/modules/${release()}/${folder.endsWith("-common") ? "source" : "build"}`;
    assert.ok(!existsSync(link));
    symlinkSync(`${sources}/${folder}`, link);
    undo.defer(() => rmSync(link));
  }
  return undo.move();
}

test("compiled programs follow a task to its parent and a socket to its ends, headers from BTF", async () => {
  // One compilation for both checks: it takes long in a guest.
  using bpf = Bpf.compile(PARENTS + ENDS, { headers: "btf" });
  bpf.attach();
  checkParent(bpf);
  await checkEnds(bpf);
});

const PARENT_TEST = "a compiled program follows a task to its parent, headers installed";
test(PARENT_TEST, { skip: requires(PARENT_TEST, "headers") }, () => {
  using _headers = installHeaders();
  using bpf = Bpf.compile(PARENTS, { headers: "system" });
  bpf.attach();
  checkParent(bpf);
});

const ENDS_TEST = "a compiled program walks from a socket to its ends, headers installed";
test(ENDS_TEST, { skip: requires(ENDS_TEST, "socketHeaders", "full") }, async () => {
  using _headers = installHeaders();
  using bpf = Bpf.compile(ENDS, { headers: "system" });
  bpf.attach();
  await checkEnds(bpf);
});
