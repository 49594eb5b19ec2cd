// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Bpf, monotonicTime, TracePipe } from "../../mod.ts";
import { callGetppid } from "../support/calls.ts";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

/** Prints only for calls of this process: all processes of the machine share the trace. */
const WRITE = `
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  if (bpf_get_current_pid_tgid() >> 32 == ${process.pid})
    bpf_trace_printk("call of [%d]: getppid\\n", ${process.pid});
  return 0;
}`;

const MESSAGE = `call of [${process.pid}]: getppid`;

/** The names of a process's trace instances. */
function instances(pid: number = process.pid): string[] {
  const names = readdirSync("/sys/kernel/tracing/instances");
  return names.filter((name) => name.startsWith(`tsbcc_${pid}_`));
}

test("TracePipe tells the fields of each line, and nothing when there is none", () => {
  using pipe = new TracePipe();
  using bpf = Bpf.compile(WRITE);
  assert.equal(pipe.read(), undefined);
  bpf.attach();
  const before = monotonicTime() / 1e9;
  callGetppid(7);
  const after = monotonicTime() / 1e9;
  for (let i = 0; i < 7; i++) {
    const line = pipe.read()!;
    assert.equal(line.message, MESSAGE);
    // Deno's tests run on a thread of their own.
    assert.ok(existsSync(`/proc/${process.pid}/task/${line.pid}`));
    // The trace rounds to microseconds.
    assert.ok(line.timestamp > before - 1e-6 && line.timestamp < after + 1e-6);
    assert.match(line.flags, /^[^ ]{4,5}$/);
  }
  assert.equal(pipe.read(), undefined);
  assert.equal(pipe.readLine(), undefined);
  assert.equal(pipe.dropped, 0);
});

test("TracePipe: each reader has all lines, raw ones too", () => {
  using first = new TracePipe();
  using second = new TracePipe();
  using bpf = Bpf.compile(WRITE);
  bpf.attach();
  callGetppid(3);
  for (const pipe of [first, second]) {
    for (let i = 0; i < 3; i++) {
      assert.match(pipe.readLine()!, / bpf_trace_printk: call of \[\d+\]/);
    }
    assert.equal(pipe.readLine(), undefined);
  }
});

test("TracePipe waits for lines, and ends when it is closed", async () => {
  using bpf = Bpf.compile(WRITE);
  bpf.attach();
  const pipe = new TracePipe();
  const started = Promise.withResolvers<void>();
  const messages: string[] = [];
  const reading = (async () => {
    for await (const { message } of pipe) {
      messages.push(message);
      if (messages.length === 2) started.resolve();
    }
  })();
  // By then the reader waits; without calls there are no lines.
  await new Promise((resolve) => setTimeout(resolve, 0));
  callGetppid(2);
  await started.promise;
  pipe.close();
  pipe.close();
  await reading;
  assert.deepEqual(messages, [MESSAGE, MESSAGE]);
  assert.deepEqual(instances(), []);
  assert.equal(pipe.read(), undefined);
});

test("TracePipe.lines() is closed by leaving the loop", async () => {
  using bpf = Bpf.compile(WRITE);
  bpf.attach();
  const pipe = new TracePipe();
  assert.equal(instances().length, 1);
  callGetppid(2);
  for await (const line of pipe.lines()) {
    assert.ok(line.endsWith(MESSAGE));
    break;
  }
  assert.deepEqual(instances(), []);
});

test("TracePipe counts what the kernel dropped", () => {
  using pipe = new TracePipe({ bufferSizeKb: 4 });
  using bpf = Bpf.compile(WRITE);
  bpf.attach();
  callGetppid(2003);
  let [read, line] = [0, pipe.read()];
  for (; line; line = pipe.read()) read++;
  assert.ok(read > 0 && pipe.dropped > 0);
  assert.equal(read + pipe.dropped, 2003);
});

test("TracePipe is closed when the process ends", async () => {
  using folder = new Folder();
  const script = `${folder.path}/open.ts`;
  writeFileSync(script, `import { TracePipe } from "${PROJECT}mod.ts"; new TracePipe();`);
  await using ended = Running.start(scriptCommand(script));
  const { status, stderr } = await ended.result;
  assert.deepEqual([status, stderr, instances(ended.pid)], [0, "", []]);
});

test("TracePipe removes what a killed process has left, and only that", async () => {
  using folder = new Folder();
  const script = `${folder.path}/open.ts`;
  writeFileSync(
    script,
    `import { TracePipe } from "${PROJECT}mod.ts";
    const pipe = new TracePipe();
    setInterval(() => pipe.read(), 1000);
    console.log("open");`,
  );
  await using killed = Running.start(scriptCommand(script));
  await using alive = Running.start(scriptCommand(script));
  await Promise.all([killed, alive].map((each) => each.find("stdout", /open/)));
  killed.kill("SIGKILL");
  await killed.result;
  assert.equal(instances(killed.pid).length, 1);
  using _pipe = new TracePipe();
  assert.deepEqual(instances(killed.pid), []);
  assert.equal(instances(alive.pid).length, 1);
  alive.kill("SIGKILL");
  await alive.result;
  new TracePipe().close();
  assert.deepEqual(instances(alive.pid), []);
});
