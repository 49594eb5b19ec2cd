/**
 * Operations on programs and maps in the kernel: test runs, listing, opening by id, freezing,
 * statistics.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  Bpf,
  Btf,
  enableStatistics,
  loadedBtf,
  loadedLinks,
  loadedMaps,
  loadedPrograms,
  openShared,
  TsBccError,
  u32,
  u64,
  unpin,
} from "../../mod.ts";
import { buildObject } from "../support/build.ts";
import { callGetppid, loadLibraryObject } from "../support/calls.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { skipped } from "../support/requires.ts";

const PORT = 7919;
const [XDP_DROP, XDP_PASS] = [1, 2];

/** An Ethernet frame with a UDP datagram to that port. */
function datagram(port: number): Uint8Array {
  const frame = new Uint8Array(60);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint8(23, 17);
  view.setUint16(36, port);
  return frame;
}

const loadNet = () => Bpf.load(buildObject("net.bpf.c"), { name: "net", globals: { port: PORT } });

const pinned = (name: string) => `/sys/fs/bpf/tsb-${process.pid}-${name}`;

test("Program.run() runs a program on a packet, as often as it is told", () => {
  using bpf = loadNet();
  const program = bpf.program("xdp_drop");
  const seen = bpf.global("seen", u64.asNumber);
  const ours = datagram(PORT);
  const result = program.run({ data: ours });
  assert.equal(result.returned, XDP_DROP);
  assert.deepEqual([...result.data], [...ours]);
  assert.equal(result.context.length, 0);
  assert.equal(program.run({ data: datagram(PORT + 1) }).returned, XDP_PASS);
  assert.equal(seen.value, 1);
  assert.equal(program.run({ data: ours, repeat: 1009 }).returned, XDP_DROP);
  assert.equal(seen.value, 1010);
});

test("Program.run() says in a sentence what cannot be run", () => {
  using bpf = loadNet();
  const program = bpf.program("xdp_drop");
  assert.throws(
    () => program.run({ data: new Uint8Array(13) }),
    (error: Error) =>
      isBpfError("EINVAL")(error) && /packet of at least 14 bytes/.test(error.message),
  );
  for (const repeat of [0, -1, 1.5, NaN, 2 ** 31]) {
    assert.throws(() => program.run({ data: datagram(PORT), repeat }), RangeError);
  }
  using library = loadLibraryObject();
  assert.throws(
    () => library.program("on_call").run(),
    isBpfError("ENOTSUPP", "this kernel runs no TRACEPOINT programs by hand"),
  );
});

test("Program.info, BpfMap.info and Link.info tell what the lists tell", () => {
  using bpf = loadLibraryObject();
  const [link] = bpf.attach();
  const program = bpf.program("on_call");
  const counts = bpf.map("counts");
  const { info } = program;
  assert.equal(info.type, "TRACEPOINT");
  assert.equal(info.name, "on_call");
  assert.match(info.tag, /^[0-9a-f]{16}$/);
  assert.ok(info.instructions > 10 && info.loadTimeNs > 0n && info.btfId > 0);
  assert.ok(info.mapIds.includes(counts.info.id));
  assert.deepEqual(loadedPrograms().find(({ id }) => id === info.id)?.mapIds, info.mapIds);
  const { btfId, ...map } = counts.info;
  assert.ok(btfId > 0);
  assert.deepEqual(map, {
    id: map.id,
    type: "HASH",
    name: "counts",
    keySize: 20,
    valueSize: 8,
    maxEntries: 10007,
    flags: 0,
  });
  assert.deepEqual(loadedMaps().find(({ id }) => id === map.id), counts.info);
  assert.ok(link);
  using net = loadNet();
  using xdp = net.program("xdp_count").attachXdp("lo");
  assert.deepEqual(xdp.info, {
    id: xdp.info.id,
    type: "XDP",
    programId: net.program("xdp_count").info.id,
    target: { interface: 1 },
  });
  assert.deepEqual(loadedLinks().find(({ id }) => id === xdp.info.id), xdp.info);
  xdp.detach();
  assert.deepEqual(xdp.info.target, { interface: 0 });
});

test("loadedBtf() lists the kernel's types and those of programs, which Btf.ofId() reads", () => {
  using bpf = loadLibraryObject();
  const { btfId } = bpf.program("on_call").info;
  const all = loadedBtf();
  assert.deepEqual(all.map(({ id }) => id), all.map(({ id }) => id).sort((a, b) => a - b));
  const own = all.find(({ id }) => id === btfId)!;
  assert.deepEqual([own.name, own.isKernel], ["", false]);
  const event = Btf.ofId(btfId).type("event");
  assert.equal(event?.kind, "struct");
  assert.deepEqual(event, Btf.ofObject(buildObject("library.bpf.c")).type("event"));
  const kernel = all.find(({ name }) => name === "vmlinux")!;
  assert.equal(kernel.isKernel, true);
  assert.ok(kernel.sizeBytes > own.sizeBytes && own.sizeBytes > 100);
  assert.equal(Btf.ofId(kernel.id).type("task_struct")?.kind, "struct");
  bpf.close();
  assert.throws(() => Btf.ofId(2 ** 31 - 2), isBpfError("ENOENT", "there is none with that id"));
});

test("openShared() uses maps, programs and links by path and by id", () => {
  using bpf = loadLibraryObject({ globals: { label: "mine" } });
  bpf.attach();
  callGetppid(1009);
  using net = loadNet();
  using xdp = net.program("xdp_drop").attachXdp("lo");
  const paths = ["counts", "program", "link"].map(pinned) as [string, string, string];
  using undo = new DisposableStack();
  bpf.map("counts").pin(paths[0]);
  undo.defer(() => unpin(paths[0]));
  net.program("xdp_drop").pin(paths[1]);
  undo.defer(() => unpin(paths[1]));
  xdp.pin(paths[2]);
  undo.defer(() => unpin(paths[2]));

  const before = held();
  {
    using byPath = openShared({
      maps: { ours: paths[0] },
      programs: { drop: paths[1] },
      links: { lo: paths[2] },
    });
    using byId = openShared({
      maps: { ours: bpf.map("counts").info.id },
      programs: { drop: net.program("xdp_drop").info.id },
      links: { lo: xdp.info.id },
    });
    for (const shared of [byPath, byId]) {
      // Without codecs: the types come from the BTF that the kernel has for the map.
      const entries = [...shared.map("ours")] as [{ remainder: number; label: string }, bigint][];
      assert.equal(entries.length, 5);
      assert.equal(entries.find(([key]) => key.remainder === 4)?.[1], 201n);
      assert.ok(entries.every(([key]) => key.label === "mine"));
      assert.throws(() => shared.map("ours", u32, u64), TsBccError);
      assert.equal(shared.program("drop").run({ data: datagram(PORT) }).returned, XDP_DROP);
      assert.deepEqual(shared.link("lo").info, xdp.info);
      assert.throws(() => shared.map("other"), /among what was opened: there is ours/);
    }
    assert.throws(() => byPath.program("drop").attach(), /loaded by somebody else/);
  }
  assert.deepEqual(held(), before);
  assert.deepEqual(xdp.info.target, { interface: 1 });
});

test("openShared() opens all or nothing, and says what is not there", () => {
  using bpf = loadLibraryObject();
  const path = pinned("nothing");
  const counts = pinned("counts");
  const program = bpf.program("on_call").info.id;
  bpf.map("counts").pin(counts);
  using _unpin = { [Symbol.dispose]: () => unpin(counts) };
  const before = held();
  assert.throws(
    () => openShared({ programs: { one: program }, maps: { two: path } }),
    isBpfError("ENOENT", "there is no such file"),
  );
  assert.throws(
    () => openShared({ maps: { one: 2 ** 31 } }),
    isBpfError("ENOENT", "there is none with that id"),
  );
  assert.throws(
    () => openShared({ programs: { one: counts } }),
    isBpfError("EINVAL", "it is a map"),
  );
  assert.throws(
    () => openShared({ maps: { one: "/proc/version" } }),
    isBpfError("EACCES", "in a bpf file system, usually /sys/fs/bpf"),
  );
  assert.deepEqual(held(), before);
});

test("BpfMap.freeze() leaves a map to programs", () => {
  using bpf = loadLibraryObject();
  const slots = bpf.map("slots", u32, u64).set(0, 7n);
  slots.freeze();
  assert.throws(() => slots.set(0, 8n), isBpfError("EPERM", "it is read-only for user space"));
  assert.equal(slots.get(0), 7n);
  // Newer kernels check first whether user space may write, so the error differs.
  assert.throws(
    () => slots.freeze(),
    /Cannot freeze map "slots": .*(EPERM\): it is read-only|EBUSY\): it is frozen already)/,
  );
});

const measured = "enableStatistics() makes the kernel measure runs, until it is closed";
const isMeasured = readFileSync("/proc/sys/kernel/bpf_stats_enabled", "utf8") !== "0\n";
const measuredElse = "sysctl kernel.bpf_stats_enabled is on: all programs are measured anyway";
test(measured, { skip: isMeasured && skipped(measured, measuredElse) }, async () => {
  using library = loadLibraryObject();
  library.attach();
  const counted = library.program("on_call");
  const isCounted = () => {
    const before = counted.info.runCount;
    callGetppid(100);
    return counted.info.runCount !== before;
  };
  // The other runtime's test may have statistics enabled at the same time.
  while (isCounted()) await new Promise((resolve) => setTimeout(resolve, 1));
  const before = counted.info.runCount;
  {
    using _statistics = enableStatistics();
    callGetppid(1009);
    assert.ok(counted.info.runCount >= before + 1009);
    assert.ok(counted.info.runTimeNs > 0);
  }
  while (isCounted()) await new Promise((resolve) => setTimeout(resolve, 1));
});
