// Not in guests: hundreds of corrupt objects take minutes under emulation, and try libbpf more than the kernel.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { u32, u64 } from "../../mod.ts";
import { PROJECT } from "../support/build.ts";
import { callGetppid, loadLibraryObject } from "../support/calls.ts";
import { held } from "../support/leftovers.ts";
import { run } from "../support/process.ts";
import { RUNTIME, scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

const COPIES = 300;
const BATCH = 100;

for (let from = 0; from < COPIES; from += BATCH) {
  const to = from + BATCH;
  test(`Bpf.load() takes or refuses damaged objects ${from} to ${to} in one sentence`, async () => {
    const script = `${PROJECT}tests/support/corrupt_objects.ts`;
    const { status, signal, stdout, stderr } = await run([
      ...scriptCommand(script),
      `${from}`,
      `${to}`,
    ]);
    const lines = stdout.trim().split("\n");
    assert.equal(status, 0, `${signal} after ${lines.at(-1)}: ${stderr}`);
    assert.equal(lines.length, BATCH);
    const outcomes = lines.map((line) => line.split("\t")[1]!);
    for (const refusal of outcomes.filter((outcome) => outcome !== "ok")) {
      assert.match(JSON.parse(refusal), /^Cannot [^\n\p{Cc}]+$/u);
    }
    // Some must load and some must not: else the damage is too small or too large to test anything.
    const taken = outcomes.filter((outcome) => outcome === "ok").length;
    assert.ok(taken > BATCH / 10 && taken < BATCH * 9 / 10, `${taken} loaded`);
  });
}

function virtualKiB(): number {
  return Number(/^VmSize:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
}

test("loading, attaching and closing 200 times leaves nothing behind", () => {
  const once = () => {
    using bpf = loadLibraryObject();
    bpf.attach();
    using stream = bpf.events("events");
    bpf.global("calls", u64);
    callGetppid(1);
    assert.equal(stream.drain(() => {}), 1);
  };
  once();
  const before = { held: held(), fds: readdirSync("/proc/self/fd").length, size: virtualKiB() };
  for (let i = 0; i < 200; i++) once();
  assert.deepEqual(held(), before.held);
  assert.equal(readdirSync("/proc/self/fd").length, before.fds);
  // A leak of one log buffer for each load would be 3 GiB.
  const grown = virtualKiB() - before.size;
  assert.ok(grown < 1 << 20, `${grown} KiB more address space`);
});

test("EventStream that is dropped without close does no harm when it is collected", async () => {
  using folder = new Folder();
  const script = join(folder.path, "script.ts");
  const calls = JSON.stringify(`${PROJECT}tests/support/calls.ts`);
  writeFileSync(
    script,
    `import { callGetppid, loadLibraryObject } from ${calls};
    const collect = globalThis.gc ?? (() => globalThis.Bun.gc(true));
    let events = 0;
    const drop = async () => {
      const bpf = loadLibraryObject();
      bpf.attach();
      const stream = bpf.events("events");
      callGetppid(7);
      await stream.wait();
      events += stream.drain(() => {});
      bpf.global("calls");
      stream.wait(); // and nobody looks at it any more
    };
    for (let i = 0; i < 23; i++) {
      await drop();
      collect();
      new Uint8Array(1 << 20).fill(i);
    }
    await new Promise((resolve) => setTimeout(resolve));
    collect();
    // Each call is seen by all that came before as well.
    console.log(events);
    process.exit(0);\n`,
  );
  const command = scriptCommand(script);
  if (RUNTIME === "Deno") command.splice(2, 0, "--v8-flags=--expose-gc");
  const { status, stdout, stderr } = await run(command);
  assert.deepEqual([status, stdout], [0, `${23 * 7}\n`], stderr);
});

test("Bpf.map() refuses a pinned map whose values are larger than the program's", () => {
  const path = `/sys/fs/bpf/ts-bcc-test-${process.pid}`;
  const what = "type array key 4 value 64 entries 7 name larger";
  execFileSync("bpftool", ["map", "create", path, ...what.split(" ")]);
  try {
    using bpf = loadLibraryObject({ maps: { slots: { pinned: path } } });
    const message = 'Cannot read values of map "slots": they have 8 bytes in the codec ' +
      "and 64 in the map";
    assert.throws(() => bpf.map("slots", u32, u64), { name: "LayoutError", message });
    assert.throws(() => bpf.map("slots"), { name: "LayoutError", message });
  } finally {
    unlinkSync(path);
  }
});
