import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { sum, u32, u64 } from "../../mod.ts";
import { closeLinks } from "../../plumbing.ts";
import { callGetpgid } from "../support/calls.ts";
import { loadFunccount } from "../support/funccount_object.ts";
import { held } from "../support/leftovers.ts";
import { requires } from "../support/requires.ts";

test("closeLinks() leaves nothing, and the kernel detaches soon", async () => {
  const before = held();
  {
    using bpf = loadFunccount("on_tracepoint", 3, process.pid);
    const program = bpf.program("on_tracepoint");
    const count = () => sum(bpf.perCpuMap("counts", u32, u64.asNumber).get(1)!);
    const loaded = held();
    const links = [
      program.attachTracepoint(["sched/sched_process_exec", "syscalls/sys_enter_getpgid"]),
      program.attachTracepoint("sched", "sched_process_wait"),
    ];
    callGetpgid(7);
    assert.equal(count(), 7);
    closeLinks(links);
    assert.deepEqual(held(), loaded);
    // A kernel thread detaches the program some time later.
    for (let last = 0; last !== count();) {
      last = count();
      callGetpgid(1);
      await setImmediate();
    }
    const detached = count();
    callGetpgid(11);
    assert.equal(count(), detached);
    closeLinks([]);
    closeLinks(links); // closing again has no effect
  }
  assert.deepEqual(held(), before);
});

const named = "closeLinks() removes the names that probes have in tracefs";
test(named, { skip: requires(named, "kprobe") }, () => {
  const before = held();
  {
    using bpf = loadFunccount("on_function", 1);
    const link = bpf.program("on_function").attachKretprobe("vfs_read", { maxActive: 3 });
    const names = () => readFileSync("/sys/kernel/tracing/kprobe_events", "utf8");
    const own = /^r3:tsbcc\/.* vfs_read$/m;
    assert.match(names(), own);
    closeLinks([link]);
    assert.doesNotMatch(names(), own);
  }
  assert.deepEqual(held(), before);
});
