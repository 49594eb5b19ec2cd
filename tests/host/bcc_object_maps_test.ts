// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, i32, u32, u64 } from "../../mod.ts";
import { close, O_RDONLY, open } from "../../ffi/libc/files.ts";
import { libc } from "../../ffi/libc/libc.ts";
import { callGetpgid, callGetppid } from "../support/calls.ts";
import { isBpfError } from "../support/is_bpf_error.ts";

const cflags = [`-DTARGET=${process.pid}`];

/** Maps whose values are kernel objects. */
const OBJECTS = `
BPF_ARRAY(inner, u64, 3);
BPF_ARRAY(other, u64, 3);
BPF_HASH(unlike, u32);
BPF_ARRAY_OF_MAPS(byindex, "inner", 4);
BPF_HASH_OF_MAPS(bykey, u64, "inner", 5);
BPF_PROG_ARRAY(programs, 6);
BPF_CGROUP_ARRAY(cgroups, 2);
BPF_DEVMAP(devices, 3);
BPF_CPUMAP(processors, 2);
BPF_XSKMAP(xsk, 3);
BPF_SOCKMAP(sockmap, 4);
BPF_SOCKHASH(sockhash1);
BPF_SOCKHASH(sockhash3, u64, 5);
BPF_SK_STORAGE(sockets, u64);
BPF_INODE_STORAGE(inodes, u64);
BPF_TASK_STORAGE(tasks, u64);
BPF_CGROUP_STORAGE(percgroup, u64);
BPF_PERCPU_CGROUP_STORAGE(percpucgroup, u64);
BPF_ARRAY(results, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  u64 zero = 5, *seen;
  int slot = 0;
  if (bpf_get_current_pid_tgid() >> 32 != TARGET) return 0;
  if (cgroups.check_current_task(0) == 1) results.increment(slot);
  programs.call(args, 0);
  seen = tasks.task_storage_get(bpf_get_current_task_btf(), &zero, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (seen) (*seen)++;
  return 0;
}
TRACEPOINT_PROBE(syscalls, sys_enter_getpgid) {
  if (bpf_get_current_pid_tgid() >> 32 != TARGET) return 0;
  tasks.task_storage_delete(bpf_get_current_task_btf());
  return 0;
}
int tail(void *ctx) {
  int slot = 0;
  results.increment(slot, 1000);
  return 0;
}
int on_socket(struct bpf_sock_ops *ops) {
  u64 one = 1, *seen;
  struct bpf_sock *socket = ops->sk;
  if (!socket) return 0;
  seen = sockets.sk_storage_get(socket, &one, BPF_SK_STORAGE_GET_F_CREATE);
  if (seen && *seen > 9) sockets.sk_storage_delete(socket);
  u32 key = 1;
  u64 wide = 1;
  sockmap.sock_map_update(ops, &key, BPF_ANY);
  sockhash3.sock_hash_update(ops, &wide, BPF_ANY);
  return 0;
}
int on_packet(struct __sk_buff *skb) {
  u64 *bytes = (u64 *)(long)percgroup.get_local_storage(0);
  lock_xadd(bytes, skb->len);
  return 1;
}
int on_message(struct sk_msg_md *message) {
  u64 key = 1;
  return sockhash3.msg_redirect_hash(message, &key, BPF_F_INGRESS);
}
int on_frame(struct xdp_md *ctx) {
  return ctx->rx_queue_index ? devices.redirect_map(1, 0) : processors.redirect_map(0, 0);
}
`;

let objects: Bpf | undefined;
const objectMaps = () => objects ??= Bpf.compile(OBJECTS, { cflags, headers: "btf" });

test("compiled maps: kinds whose values are objects have their kind and entries", () => {
  const bpf = objectMaps();
  const kinds = ["devices", "processors", "xsk", "sockmap", "sockhash1", "sockhash3"]
    .concat("sockets", "inodes", "tasks", "percgroup").map((name) => {
      const { type, maxEntries } = bpf.map(name);
      return [name, type, maxEntries];
    });
  assert.deepEqual(kinds, [
    ["devices", "DEVMAP", 3],
    ["processors", "CPUMAP", 2],
    ["xsk", "XSKMAP", 3],
    ["sockmap", "SOCKMAP", 4],
    ["sockhash1", "SOCKHASH", 10240],
    ["sockhash3", "SOCKHASH", 5],
    ["sockets", "SK_STORAGE", 0],
    ["inodes", "INODE_STORAGE", 0],
    ["tasks", "TASK_STORAGE", 0],
    ["percgroup", "CGROUP_STORAGE", 0],
  ]);
  assert.equal(bpf.perCpuMap("percpucgroup").type, "PERCPU_CGROUP_STORAGE");
});

test("compiled maps: maps of maps take maps like their inner one", () => {
  const bpf = objectMaps();
  const byIndex = bpf.mapOfMaps("byindex", u32).set(3, bpf.map("other"));
  const byKey = bpf.mapOfMaps("bykey", u64).set(1009n, bpf.map("inner"));
  assert.equal(byIndex.maxEntries, 4);
  assert.equal(typeof byIndex.id(3), "number");
  assert.notEqual(byIndex.id(3), byKey.id(1009n));
  assert.equal(byKey.delete(1009n), true);
  assert.throws(() => byIndex.set(0, bpf.map("unlike")), isBpfError("EINVAL"));
});

test("compiled maps: tail calls, and whether the current task is in a cgroup", () => {
  const bpf = objectMaps();
  const links = bpf.attach();
  const result = () => bpf.map("results", u32, u64.asNumber).get(0)!;
  callGetppid(3);
  assert.equal(result(), 0);
  bpf.cgroupArray("cgroups").set(0, "/sys/fs/cgroup/unified");
  callGetppid(7);
  assert.equal(result(), 7);
  bpf.program("tail").load("TRACEPOINT");
  const programs = bpf.programArray("programs").set(0, bpf.program("tail"));
  callGetppid(5);
  assert.equal(result(), 5012);
  assert.equal(programs.delete(0), true);
  for (const link of links) link.close();
});

test("compiled maps: an interface in a device map, a CPU's queue in a CPU map", () => {
  const bpf = objectMaps();
  const loopback = 1;
  assert.equal(bpf.map("devices", u32, i32).set(2, loopback).get(2), loopback);
  assert.equal(bpf.map("processors", u32, u32).set(1, 192).get(1), 192);
});

test("compiled maps: programs with each kind's operations pass the verifier", () => {
  const bpf = objectMaps();
  assert.ok(bpf.program("on_socket").load("SOCK_OPS") > 2);
  assert.ok(bpf.program("on_packet").load("CGROUP_SKB") > 2);
  assert.ok(bpf.program("on_message").load("SK_MSG") > 2);
  assert.ok(bpf.program("on_frame").load("XDP") > 2);
});

/** Makes a system call that returns a descriptor, calls `use`, and closes the descriptor. */
function withDescriptor(call: bigint, first: bigint, second: bigint, use: (fd: number) => void) {
  const fd = Number(libc().syscall(call, first, second, 0n, 0n, 0n, 0n));
  assert.ok(fd > 2);
  try {
    use(fd);
  } finally {
    close(fd);
  }
}

const SYS_SOCKET = process.arch === "arm64" ? 198n : 41n;
const SYS_PIDFD_OPEN = 434n;
const SYS_GETTID = process.arch === "arm64" ? 178n : 186n;
/** PIDFD_THREAD of pidfd_open(2), equal to O_EXCL: a pidfd of any thread; since Linux 6.9. */
const PIDFD_THREAD = 0o200n;

test("compiled maps: programs keep storage of the current task, and remove it", () => {
  const bpf = objectMaps();
  const links = bpf.attach();
  const thread = libc().syscall(SYS_GETTID, 0n, 0n, 0n, 0n, 0n, 0n);
  callGetpgid(1);
  callGetppid(11);
  withDescriptor(SYS_PIDFD_OPEN, thread, PIDFD_THREAD, (fd) => {
    const tasks = bpf.map("tasks", i32, u64);
    assert.equal(tasks.get(fd), 16n);
    callGetpgid(1);
    assert.equal(tasks.get(fd), undefined);
  });
  for (const link of links) link.close();
});

test("compiled maps: storage of a task, a socket and an inode, by descriptor", () => {
  const bpf = objectMaps();
  const tasks = bpf.map("tasks", i32, u64);
  const thread = BigInt(process.pid);
  withDescriptor(SYS_PIDFD_OPEN, thread, 0n, (fd) => {
    assert.equal(tasks.set(fd, 7n).get(fd), 7n);
    assert.equal(tasks.delete(fd), true);
    assert.equal(tasks.get(fd), undefined);
  });
  withDescriptor(SYS_SOCKET, 2n, 1n, (fd) => {
    const sockets = bpf.map("sockets", i32, u64);
    assert.equal(sockets.set(fd, 11n).get(fd), 11n);
    assert.equal(sockets.delete(fd), true);
  });
  const file = open("/proc/self/exe", O_RDONLY);
  try {
    const inodes = bpf.map("inodes", i32, u64);
    assert.equal(inodes.set(file, 13n).get(file), 13n);
    assert.equal(inodes.delete(file), true);
    assert.equal(inodes.get(file), undefined);
  } finally {
    close(file);
  }
});
