// Not in guests: Linux < 6.7 does not count what it leaves out at tracepoints.
import assert from "node:assert/strict";
import { test } from "node:test";
import { interfaceIndex } from "../../ffi/libc/socket.ts";
import { Bpf, i32, u32 } from "../../mod.ts";
import { callGetppid } from "../support/calls.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

/**
 * Makes the kernel miss `times` events at the tracepoint kmem:kmalloc: while it updates a map it runs no
 * tracing programs on this CPU, and each update of a DEVMAP allocates memory.
 */
function allocateUnseen(times: number): void {
  using bpf = Bpf.compile("BPF_DEVMAP(devices, 1);");
  const devices = bpf.map("devices", u32, i32);
  const loopback = interfaceIndex("lo");
  for (let i = 0; i < times; i++) devices.set(0, loopback);
}

const ALLOCATION = "kmem:kmalloc";

interface Loss {
  readonly record?: string;
  readonly what: string;
  readonly total: number;
}

for (
  const [tool, ...args] of [
    ["trace", `t:${ALLOCATION} ($tgid == ${process.pid})`],
    ["argdist", "-i", "0.2", "-C", `t:${ALLOCATION}():u32:$PID`],
    ["stackcount", "-p", String(process.pid), `t:${ALLOCATION}`],
    ["funccount", `t:${ALLOCATION}`],
  ] as const
) {
  const name = `${tool} tells what the kernel did not run`;
  test(name, { skip: requires(name, "speed") }, async () => {
    await using running = await startTool(tool, "--json", ...args);
    allocateUnseen(101);
    const result = await stopTool(running);
    const missed = rowsOf<Loss>(result).filter(({ record }) => record === "missed");
    // At least: other processes may update maps meanwhile.
    const { what, total } = missed.at(-1)!;
    assert.equal(what, "events");
    assert.ok(total >= 101, String(total));
    const sentence = `${tool}: missed ${total} events in all: the kernel did not run the program`;
    assert.ok(result.stderr.includes(`\n${sentence}`), result.stderr);
  });
}

const all = "a program that runs is not told as missed";
test(all, { skip: requires(all, "speed") }, async () => {
  const filter = `args->ret >= 0 && $tgid == ${process.pid}`;
  await using tool = await startTool("trace", "--json", `t:syscalls:sys_exit_getppid (${filter})`);
  callGetppid(101);
  const result = await stopTool(tool);
  assert.equal(rowsOf<Loss>(result).filter(({ record }) => record === undefined).length, 101);
  assert.equal(result.stderr, "ready\n");
});

const flood = "trace tells the events that its buffer had no room for";
test(flood, { skip: requires(flood, "speed") }, async () => {
  const probe = `t:syscalls:sys_exit_getppid ($tgid == ${process.pid})`;
  await using tool = await startTool("trace", "--json", "-b", "1", probe);
  tool.kill("SIGSTOP");
  callGetppid(10_007);
  tool.kill("SIGCONT");
  const rows = rowsOf<Loss>(await stopTool(tool));
  const dropped = rows.filter(({ record }) => record === "dropped");
  assert.equal(dropped.at(-1)!.what, "events");
  const shown = rows.filter(({ record }) => record === undefined).length;
  assert.equal(shown + dropped.at(-1)!.total, 10_007);
});
