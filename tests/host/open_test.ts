/** Between opening and loading: what can be changed of an object, and what comes of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Bpf,
  BpfError,
  bytes,
  createMaps,
  type OpenObject,
  u32,
  u64,
  VerifierError,
} from "../../mod.ts";
import { close, memfd } from "../../ffi/libc/files.ts";
import { libc } from "../../ffi/libc/libc.ts";
import { buildObject } from "../support/build.ts";
import { callGetppid } from "../support/calls.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { requires } from "../support/requires.ts";

const PACKET = new Uint8Array(64);

/** A place in a file: what lseek(2) returns here, and no other call of this process. */
const PLACE = 7_920_007_919n;
const SYS_LSEEK = process.arch === "arm64" ? 62n : 8n;

/** Goes to that place so many times. */
function seek(times: number): void {
  const fd = memfd("sought", new Uint8Array());
  for (let i = 0; i < times; i++) {
    assert.equal(libc().syscall(SYS_LSEEK, BigInt(fd), PLACE, 0n, 0n, 0n, 0n), PLACE);
  }
  close(fd);
}

/** Opens the object with only these programs. */
function open(...programs: string[]): OpenObject<Bpf> {
  const opened = Bpf.open(buildObject("open.bpf.c"), {
    name: "open",
    globals: { target_pid: process.pid },
  });
  for (const [name, program] of opened.programs) program.autoload = programs.includes(name);
  opened.map("untold").autocreate = false;
  return opened;
}

test("Bpf.open() tells what an object has, and brings nothing of it to the kernel", () => {
  const before = held();
  const opened = open("on_call");
  assert.deepEqual(held(), before);
  assert.deepEqual(
    [...opened.programs].map(([name, { section, type, autoload }]) => [
      name,
      section,
      type,
      autoload,
    ]),
    [
      ["on_call", "of_no_known_kind", "UNSPEC", true],
      ["on_syscall", "tp_btf/sys_enter", "TRACING", false],
      ["on_packet", "xdp", "XDP", false],
      ["other_verdict", "freplace", "EXT", false],
    ],
  );
  const { type, keySize, valueSize, maxEntries, flags, autocreate } = opened.map("table");
  assert.deepEqual([type, keySize, valueSize, maxEntries, flags], ["HASH", 4, 8, 3, 0]);
  assert.equal(autocreate, true);
  assert.deepEqual([...opened.globalNames].sort(), ["count", "target_pid", "wanted"]);
  assert.deepEqual([opened.global("count"), opened.global("target_pid")], [7n, process.pid]);
  assert.throws(
    () => opened.program("nothing"),
    /^TypeError: Cannot find program "nothing" in object "open": it has on_call, on_syscall, /,
  );
  assert.throws(() => opened.map("nothing"), /Cannot find map "nothing" in object "open": it has /);
  assert.throws(() => opened.setGlobal("nothing", 1), /Cannot find global variable "nothing"/);
  assert.throws(() => opened.setGlobal("target_pid", -1), RangeError);
  opened.close();
  opened.close();
  assert.deepEqual(held(), before);
  assert.throws(
    () => opened.load(),
    /^TypeError: Cannot load object "open": the object is closed$/,
  );
  assert.throws(
    () => opened.program("on_call").type,
    /look at program "on_call": the object is closed/,
  );
});

test("OpenProgram.type loads a program of a section that libbpf does not know", () => {
  const before = held();
  {
    using opened = open("on_call");
    opened.program("on_call").type = "TRACEPOINT";
    opened.setGlobal("count", 100n);
    using bpf = opened.load();
    assert.deepEqual([...bpf.programs.keys()], ["on_call"]);
    using link = bpf.program("on_call").attachTracepoint("syscalls", "sys_enter_getppid");
    callGetppid(13);
    assert.equal(bpf.global("count", u64).value, 113n);
    assert.equal(bpf.program("on_call").info.type, "TRACEPOINT");
    link.close();
    assert.throws(() => opened.load(), /Cannot load object "open": the object is loaded already/);
    const after = /Cannot change the size of map "table": the object is loaded already/;
    assert.throws(() => opened.map("table").maxEntries = 1, after);
    opened.close();
    assert.equal(bpf.global("count", u64).value, 113n);
  }
  assert.deepEqual(held(), before);
});

test("OpenProgram refuses what there is not, in one sentence", () => {
  using opened = open("on_call");
  const program = opened.program("on_call");
  assert.throws(
    () => program.type = "NOTHING" as "XDP",
    /^TypeError: Cannot change the type of program "on_call" to "NOTHING": there is SOCKET_FILTER, /,
  );
  assert.throws(() => program.logLevel = 8, /^RangeError: .*log level .* to 8: expected 0 to 7$/);
  assert.throws(
    () => opened.program("on_syscall").attachTo({ function: "no_such_tracepoint" }),
    isBpfError("ESRCH", 'there is no "no_such_tracepoint" that this type of program can be for'),
  );
});

test("OpenProgram.attachTo() attaches a program elsewhere than its section says", () => {
  using opened = open("on_syscall");
  opened.program("on_syscall").attachTo({ function: "sys_exit" });
  opened.setGlobal("wanted", PLACE);
  using bpf = opened.load();
  const [link] = bpf.attach();
  seek(17);
  link!.close();
  seek(5);
  assert.equal(bpf.global("count", u64).value, 7n + 17n);
});

const REPLACES = "OpenProgram.attachTo() replaces a function of a loaded program";
test(REPLACES, { skip: requires(REPLACES, "freplace") }, () => {
  using target = open("on_packet").load();
  const run = () => target.program("on_packet").run({ data: PACKET }).returned;
  assert.equal(run(), 2);
  using opened = open("other_verdict");
  const replacement = opened.program("other_verdict");
  replacement.attachTo({ function: "verdict", program: target.program("on_packet") });
  using bpf = opened.load();
  const [link] = bpf.attach();
  assert.equal(run(), 1);
  link!.close();
  assert.equal(run(), 2);
  using again = open("other_verdict");
  assert.throws(
    () =>
      again.program("other_verdict").attachTo({
        function: "no_such_function",
        program: target.program("on_packet"),
      }),
    BpfError,
  );
});

test("OpenProgram.log tells what the verifier found of a program that it accepts", () => {
  using opened = open("on_packet", "on_syscall");
  const program = opened.program("on_packet");
  assert.equal(program.logLevel, 0);
  program.logLevel = 2;
  assert.equal(program.log, "");
  using bpf = opened.load();
  assert.match(program.log, /R1=ctx[^]*\bexit\b[^]*processed \d+ insns/);
  assert.equal(opened.program("on_syscall").log, "");
  bpf.close();
  assert.match(program.log, /processed \d+ insns/);
});

test("a refused program that has a log of its own is told by it", () => {
  using opened = Bpf.open(buildObject("refused.bpf.c"), { name: "refused" });
  for (const program of opened.programs.values()) program.logLevel = 2;
  const before = held();
  assert.throws(
    () => opened.load(),
    (error) =>
      error instanceof VerifierError && error.program === "careless" &&
      /R\d invalid mem access 'map_value_or_null'/.test(error.message),
  );
  assert.deepEqual(held(), before);
});

test("OpenMap changes what a map is made as", () => {
  using opened = open();
  const table = opened.map("table");
  table.type = "LRU_HASH";
  table.maxEntries = 50;
  table.valueSize = 16;
  opened.map("seen").extra = 3n;
  opened.map("outer").autocreate = false;
  using bpf = opened.load();
  const { info, keyCodec, valueCodec } = bpf.map("table", u32, bytes(16));
  assert.deepEqual([info.type, info.maxEntries, info.valueSize], ["LRU_HASH", 50, 16]);
  assert.deepEqual([keyCodec.size, valueCodec.size], [4, 16]);
  // Its declared type is another's now.
  assert.throws(() => bpf.map("table"), /the object does not declare its value type: pass codecs/);
  assert.throws(() => bpf.mapOfMaps("outer"), /Cannot find map "outer" in object "open": it has /);

  using other = open();
  const flagged = other.map("table");
  flagged.flags |= 1;
  assert.equal(flagged.flags, 1);
  using more = other.load();
  assert.equal(more.map("table").info.flags, 1);
  using wrong = open();
  assert.throws(() => wrong.map("table").type = "NOTHING" as "HASH", /there is HASH, ARRAY, /);
  assert.throws(() => wrong.map("table").maxEntries = -1, RangeError);
  assert.throws(() => wrong.map("table").valueSize = 1.5, RangeError);
  assert.throws(
    () => wrong.map("table").setInner({ name: "x", fd: more.map("table").fd }),
    /^TypeError: Cannot choose the inner map of map "table": it is a HASH, no map of maps$/,
  );
});

test("inner maps: their size is the object's until it is changed, and maps like them go in", () => {
  const before = held();
  {
    using opened = open("on_call");
    opened.program("on_call").type = "TRACEPOINT";
    const outer = opened.map("outer");
    const declared = { type: "ARRAY", keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 };
    assert.deepEqual(outer.inner, declared);
    assert.equal(opened.map("table").inner, undefined);
    outer.setInner({ maxEntries: 5 });
    using bpf = opened.load();
    using maps = createMaps({
      mine: { type: "ARRAY", key: u32, value: u64, maxEntries: 5 },
      short: { type: "ARRAY", key: u32, value: u64, maxEntries: 1 },
    });
    const made = bpf.mapOfMaps("outer", u32);
    const mine = maps.map("mine", u32, u64.asNumber);
    made.set(1, mine);
    assert.equal(made.id(1), mine.info.id);
    assert.throws(() => made.set(2, maps.map("short", u32, u64)), isBpfError("EINVAL"));
    using link = bpf.program("on_call").attachTracepoint("syscalls", "sys_enter_getppid");
    callGetppid(11);
    link.close();
    assert.deepEqual([...mine].map(([, value]) => value), [0, 0, 0, 0, 11]);
  }
  assert.deepEqual(held(), before);
});

test("OpenMap.setInner() says what a map of maps holds by an example", () => {
  using maps = createMaps({
    example: { type: "HASH", key: u32, value: u32, maxEntries: 9 },
    other: { type: "ARRAY", key: u32, value: u32, maxEntries: 9 },
  });
  const example = maps.map("example", u32, u32);
  using opened = open();
  const map = opened.map("untold");
  assert.equal(map.inner, undefined);
  assert.throws(() => map.setInner({ maxEntries: 9 }), /type of the maps in "untold" to "": there/);
  map.autocreate = true;
  map.setInner(example);
  assert.throws(() => map.setInner(example), isBpfError("EINVAL", "it was chosen already"));
  using bpf = opened.load();
  const untold = bpf.mapOfMaps("untold", u32).set(0, example);
  assert.equal(untold.id(0), example.info.id);
  assert.throws(() => untold.set(1, maps.map("other", u32, u32)), isBpfError("EINVAL"));
});

test("OpenMap.reuse() shares a map that is open", () => {
  using maps = createMaps({
    shared: { type: "HASH", key: u32, value: u64, maxEntries: 77 },
    wrong: { type: "HASH", key: u64, value: u64, maxEntries: 77 },
  });
  using opened = open();
  assert.throws(
    () => opened.map("table").reuse(maps.map("wrong", u64, u64)),
    isBpfError("EINVAL", "expected a HASH map with keys of 4 bytes"),
  );
  opened.map("table").reuse(maps.map("shared", u32, u64));
  using bpf = opened.load();
  maps.map("shared", u32, u64).set(3, 33n);
  assert.deepEqual([...bpf.map("table", u32, u64)], [[3, 33n]]);
  assert.equal(bpf.map("table").maxEntries, 77);
});

test("createMaps() makes maps of many kinds, all or none", () => {
  const before = held();
  {
    using maps = createMaps({
      queue: { type: "QUEUE", value: u64, maxEntries: 3 },
      cpus: { type: "PERCPU_HASH", key: u32, value: u64, maxEntries: 3 },
      ring: { type: "RINGBUF", maxEntries: 65536 },
    });
    assert.deepEqual(maps.mapNames, ["queue", "cpus", "ring"]);
    maps.queue("queue", u64).push(5n);
    assert.equal(maps.queue("queue", u64).pop(), 5n);
    assert.deepEqual([...maps.perCpuMap("cpus", u32, u64).keys()], []);
    assert.throws(() => maps.map("queue"), /open it with queue\(\)/);
    assert.throws(() => maps.map("nothing"), /among what was made: there is queue, cpus, ring/);
    maps.close();
    assert.throws(() => maps.queue("queue"), /Cannot use map "queue": it is closed/);
  }
  assert.deepEqual(held(), before);
  const good = { type: "HASH", key: u32, value: u64, maxEntries: 3 } as const;
  assert.throws(
    () => createMaps({ good, bad: { ...good, type: "RINGBUF", maxEntries: 5 } }),
    isBpfError("EINVAL", "a power of two and a multiple of the page size"),
  );
  assert.throws(() => createMaps({ good, bad: { ...good, maxEntries: 1.5 } }), RangeError);
  assert.throws(
    () => createMaps({ good, bad: { ...good, type: "X" as "HASH" } }),
    /Cannot make map "bad" of type "X": there is HASH, /,
  );
  assert.throws(
    () => createMaps({ good, bad: { type: "HASH_OF_MAPS", key: u32, maxEntries: 3 } }),
    BpfError,
  );
  assert.deepEqual(held(), before);
});
