// Not in guests: libbcc takes 20 s and more for each compile under emulation.
/**
 * Repeated work in a long-running program must not leak: 200 cycles of compiling, attaching and
 * closing.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { Bpf, u32, u64 } from "../../mod.ts";
import { buildProgram } from "../support/build.ts";
import { callGetppid } from "../support/calls.ts";
import { held } from "../support/leftovers.ts";
import { requires } from "../support/requires.ts";

/** The prefix of this test's programs and maps, by which it finds them among all in the kernel. */
const OWN = `t${process.pid}`;

const TEXT = `
BPF_HASH(${OWN}_calls, u32, u64);
BPF_RINGBUF_OUTPUT(${OWN}_ring, 1);
int ${OWN}_count(struct pt_regs *ctx) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  ${OWN}_ring.ringbuf_output(&pid, sizeof(pid), 0);
  return 0;
}
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  ${OWN}_calls.increment(pid);
  return 0;
}`;

const HALF = 100;
/**
 * Allowed growth in the second hundred cycles: a leak of a compilation's memory would be 1600 MiB.
 */
const MOST_GROWTH_MIB = 64;

/** The targets of this process's descriptors, without digits: "pipe:[]", "/dev/null" … */
function descriptors(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replaceAll(/\d+/g, "")];
    } catch {
      return []; // the descriptor of the folder being read
    }
  }).sort();
}

/** Anonymous resident memory of this process, in MiB. */
function anonymousMemory(): number {
  const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))!;
  return Number(kib) / 1024;
}

/** The names of this test's programs and maps in the kernel, whatever process holds them. */
function inKernel(): string[] {
  return ["prog", "map"].flatMap((kind) => {
    const { stdout } = spawnSync("bpftool", ["--json", kind, "list"], { encoding: "utf8" });
    const all = JSON.parse(stdout) as { name?: string }[];
    return all.map(({ name = "" }) => name).filter((name) => name.startsWith(OWN));
  });
}

/**
 * Waits until the kernel has freed everything, which it does with a delay; a hang runs into the
 * test's limit.
 */
async function untilFreed(): Promise<void> {
  while (inKernel().length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}

const NAME = "200 cycles of compile, attach and close leave no descriptor, probe or memory";
test(NAME, { skip: requires(NAME, "full") }, async () => {
  const path = buildProgram("functions.c");
  const cycle = () => {
    using bpf = Bpf.compile(TEXT);
    bpf.attach();
    const program = bpf.program(`${OWN}_count`);
    program.attachUprobe({ path, symbol: "calls_2" });
    program.attachUprobe({ path, symbol: /^calls/ });
    using events = bpf.events(`${OWN}_ring`, u32);
    callGetppid(3);
    assert.equal(bpf.map(`${OWN}_calls`, u32, u64).get(process.pid), 3n);
    assert.equal(events.drain(() => {}), 0);
  };
  {
    using _loaded = Bpf.compile(TEXT);
    assert.equal(inKernel().length, 2); // the two maps; the tracepoint program's name does not begin with OWN
  }
  /**
   * Runs a hundred cycles; returns what is left, and the minimum of memory, since garbage varies.
   */
  const half = async () => {
    let memory = Infinity;
    for (let i = 0; i < HALF; i++) {
      cycle();
      await new Promise((resolve) => setTimeout(resolve, 0)); // lets the runtime collect garbage
      if (i >= HALF / 2) memory = Math.min(memory, anonymousMemory());
    }
    const left = { held: held(), descriptors: descriptors() };
    await untilFreed();
    return { left, memory };
  };
  const first = await half();
  const second = await half();
  assert.deepEqual(second.left, first.left);
  const growth = second.memory - first.memory;
  console.log(`memory grew by ${growth.toFixed(1)} MiB in ${HALF} cycles`);
  assert.ok(growth < MOST_GROWTH_MIB, `memory grew by ${growth.toFixed(1)} MiB`);
});
