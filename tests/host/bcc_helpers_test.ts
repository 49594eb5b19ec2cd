// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Bpf, bytes, containerFilter, u32, u64, unpin } from "../../mod.ts";
import { monotonicTime } from "../../ffi/libc/clock.ts";
import { libc } from "../../ffi/libc/libc.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { callGetppid } from "../support/calls.ts";

const cflags = [`-DTARGET=${process.pid}`];
const GUARD = "if (bpf_get_current_pid_tgid() >> 32 != TARGET) return 0;";

const DATA = `#include <linux/sched.h>
#include <bcc/proto.h>
struct facts {
  u64 pid_tgid, uid_gid, time, logs[3], ns_pid, ns_result, added, random[2];
  u32 task_pid, result;
  char comm[16], task_comm[16], user_text[16], user_bytes[4], cpu_text[8];
};
BPF_ARRAY(facts, struct facts, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_faccessat) {
  int zero = 0;
  struct bpf_pidns_info ns = {};
  struct facts *f = facts.lookup(&zero);
  ${GUARD}
  if (!f || args->mode != 1009) return 0;
  f->pid_tgid = bpf_get_current_pid_tgid();
  f->uid_gid = bpf_get_current_uid_gid();
  f->time = bpf_ktime_get_ns();
  f->logs[0] = bpf_log2(0);
  f->logs[1] = bpf_log2(1000);
  f->logs[2] = bpf_log2l(1ULL << 40);
  f->ns_result = bpf_get_ns_current_pid_tgid(NS_DEVICE, NS_INODE, &ns, sizeof(ns));
  f->ns_pid = ns.tgid;
  f->random[0] = bpf_get_prandom_u32();
  f->random[1] = bpf_get_prandom_u32();
  lock_xadd(&f->added, 5);
  lock_xadd(&f->added, 8);
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  f->task_pid = task->tgid;
  bpf_probe_read_kernel(&f->task_comm, sizeof(f->task_comm), task->group_leader->comm);
  bpf_probe_read_kernel_str(&f->cpu_text, 4, task->group_leader->comm);
  bpf_get_current_comm(&f->comm, sizeof(f->comm));
  f->result = bpf_probe_read_user_str(&f->user_text, sizeof(f->user_text), args->filename);
  bpf_probe_read_user(&f->user_bytes, sizeof(f->user_bytes), args->filename);
  return 0;
}
int on_packet(struct __sk_buff *skb) {
  u8 *cursor = 0;
  struct ethernet_t *ethernet = cursor_advance(cursor, sizeof(*ethernet));
  if (ethernet->type != 0x0800) return 0;
  struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
  ip->ttl = ip->ttl - 1;
  return load_byte(skb, 14) == 0x45 && bpf_ntohs(bpf_htons(ip->tlen)) > 20;
}`;

const [SYS_FACCESSAT, SYS_GETTID] = process.arch === "arm64" ? [48n, 178n] : [269n, 186n];

/** Calls faccessat(2) with a path and a mode that no other process uses; the call fails. */
function callAccess(path: string): void {
  const text = cString(path);
  libc().syscall(SYS_FACCESSAT, -100n, runtime.addressOf(text), 1009n, 0n, 0n, 0n);
}

test("compiled helpers: ids, clock, names, memory of kernel and user, logarithms", () => {
  const ns = statSync("/proc/self/ns/pid");
  using bpf = Bpf.compile(DATA, {
    cflags: [...cflags, `-DNS_DEVICE=${ns.dev}`, `-DNS_INODE=${ns.ino}`],
  });
  bpf.attach();
  const before = monotonicTime();
  callAccess("/some/path/of/it");
  const facts = bpf.map("facts").get(0) as Record<string, unknown>;
  const thread = libc().syscall(SYS_GETTID, 0n, 0n, 0n, 0n, 0n, 0n);
  assert.equal(facts.pid_tgid, BigInt(process.pid) << 32n | thread);
  assert.equal(facts.uid_gid, BigInt(process.getgid!()) << 32n | BigInt(process.getuid!()));
  const time = Number(facts.time);
  assert.ok(time > before && time < monotonicTime());
  assert.deepEqual(facts.logs, [0n, 9n, 41n]);
  assert.deepEqual([facts.ns_result, facts.ns_pid], [0n, BigInt(process.pid)]);
  assert.equal(facts.added, 13n);
  const [first, second] = facts.random as bigint[];
  assert.ok(first !== second && first! < 2n ** 32n && second! < 2n ** 32n);
  assert.equal(facts.task_pid, process.pid);
  const comm = (of: string) => readFileSync(`/proc/self/${of}/comm`, "utf8").trim();
  assert.equal(facts.comm, comm(`task/${thread}`));
  assert.equal(facts.task_comm, comm(`task/${process.pid}`));
  assert.equal(facts.cpu_text, comm(`task/${process.pid}`).slice(0, 3));
  assert.deepEqual([facts.user_text, facts.result], ["/some/path/of/i", 16]);
  assert.equal(facts.user_bytes, "/som");
  assert.ok(bpf.program("on_packet").load("SCHED_CLS") > 2);
});

test("compiled helpers: a dynamic field of a tracepoint is read as a string and as bytes", () => {
  // Only the kernel knows the length: the buffer has room for the longest path.
  using bpf = Bpf.compile(
    `#include <linux/sched.h>
struct name_t { char text[40]; char start[4]; };
struct bytes_t { u8 bytes[65536]; };
BPF_HASH(names, u32, struct name_t);
BPF_ARRAY(wholes, struct bytes_t, 1);
TRACEPOINT_PROBE(sched, sched_process_exec) {
  struct name_t name = {};
  u32 pid = args->pid;
  int zero = 0;
  struct bytes_t *whole = wholes.lookup(&zero);
  TP_DATA_LOC_READ_STR(&name.text, filename, sizeof(name.text));
  TP_DATA_LOC_READ_CONST(&name.start, filename, sizeof(name.start));
  names.update(&pid, &name);
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  if (whole && task->real_parent->tgid == TARGET) TP_DATA_LOC_READ(whole->bytes, filename);
  return 0;
}`,
    { cflags },
  );
  const wholes = bpf.map("wholes", u32, bytes(65536));
  wholes.set(0, new Uint8Array(65536).fill(0xee));
  bpf.attach();
  const { pid } = spawnSync("/bin/true");
  assert.deepEqual(bpf.map("names").get(pid), { text: "/bin/true", start: "/bin" });
  const whole = wholes.get(0)!;
  assert.equal(Buffer.from(whole.subarray(0, 11)).toString("latin1"), "/bin/true\0\xee");
});

test("containerFilter() lets only the listed cgroups and mount namespaces through", () => {
  const folder = mkdtempSync("/sys/fs/bpf/ts-bcc-");
  const filter = { cgroups: join(folder, "cgroups"), mountNamespaces: join(folder, "mounts") };
  const cgroup = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))![1]!;
  const id = BigInt(statSync(join("/sys/fs/cgroup/unified", cgroup)).ino);
  const mounts = BigInt(statSync("/proc/self/ns/mnt").ino);
  try {
    using bpf = Bpf.compile(
      `${containerFilter(filter)}
BPF_ARRAY(seen, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  int zero = 0;
  ${GUARD}
  if (!container_should_be_filtered()) seen.increment(zero);
  return 0;
}`,
      { cflags, headers: "btf" },
    );
    bpf.attach();
    const seen = bpf.map("seen", u32, u64.asNumber);
    const cgroups = bpf.map("container_cgroups", u64, u64);
    const namespaces = bpf.map("container_mounts", u64, u32);
    callGetppid(3);
    namespaces.set(mounts, 0).set(mounts + 1n, 0);
    callGetppid(5);
    assert.equal(seen.get(0), 0);
    cgroups.set(id, 0n);
    callGetppid(101);
    assert.equal(seen.get(0), 101);
    namespaces.delete(mounts);
    callGetppid(7);
    assert.equal(seen.get(0), 101);
  } finally {
    for (const path of Object.values(filter)) if (existsSync(path)) unpin(path);
    rmdirSync(folder);
  }
});

test("containerFilter() of nothing lets everybody through, and refuses a path with a quote", () => {
  using bpf = Bpf.compile(`${containerFilter({})}
int f(void *ctx) { return container_should_be_filtered(); }`);
  assert.deepEqual(bpf.mapNames, []);
  assert.throws(() => containerFilter({ cgroups: 'a"b' }), TypeError);
});
