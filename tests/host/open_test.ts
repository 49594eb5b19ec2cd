/** Changes of programs between opening and loading an object, and their effects. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, BpfError, u64, VerifierError } from "../../mod.ts";
import { close, memfd } from "../../ffi/libc/files.ts";
import { libc } from "../../ffi/libc/libc.ts";
import { buildObject } from "../support/build.ts";
import { callGetppid } from "../support/calls.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { openObject } from "../support/open_object.ts";
import { requires } from "../support/requires.ts";

const PACKET = new Uint8Array(64);

/** A file offset that lseek(2) returns in this test, and no other call of this process does. */
const PLACE = 7_920_007_919n;
const SYS_LSEEK = process.arch === "arm64" ? 62n : 8n;

/** Calls lseek(2) to that offset `times` times. */
function seek(times: number): void {
  const fd = memfd("sought", new Uint8Array());
  for (let i = 0; i < times; i++) {
    assert.equal(libc().syscall(SYS_LSEEK, BigInt(fd), PLACE, 0n, 0n, 0n, 0n), PLACE);
  }
  close(fd);
}

test("Bpf.open() tells what an object has, and brings nothing of it to the kernel", () => {
  const before = held();
  const opened = openObject("on_call");
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
    using opened = openObject("on_call");
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
  using opened = openObject("on_call");
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
  using opened = openObject("on_syscall");
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
  using target = openObject("on_packet").load();
  const run = () => target.program("on_packet").run({ data: PACKET }).returned;
  assert.equal(run(), 2);
  using opened = openObject("other_verdict");
  const replacement = opened.program("other_verdict");
  replacement.attachTo({ function: "verdict", program: target.program("on_packet") });
  using bpf = opened.load();
  const [link] = bpf.attach();
  assert.equal(run(), 1);
  link!.close();
  assert.equal(run(), 2);
  using again = openObject("other_verdict");
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
  using opened = openObject("on_packet", "on_syscall");
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
