// Not in guests: libbcc takes 20 s and more for each compile under emulation.
// The exact text of error messages.
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Bpf, chars, struct, u32, u64 } from "../../mod.ts";
import { PROJECT } from "../support/build.ts";
import { run, Running, untilSeen } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Folder, Workload } from "../support/workload.ts";

/** Checks the error that a program with this text gives. */
function checkFailure(text: string, name: string, message: string): void {
  assert.throws(() => Bpf.compile(text, { name: "example", headers: "btf" }).close(), {
    name,
    message,
  });
}

test("a syntax error is told with its place and the line", () => {
  checkFailure(
    "int f(void *ctx) {\n\treturn 0\n}\n",
    "CompileError",
    `Cannot compile "example": line 2, column 10: expected ';' after return statement
2 | \treturn 0
  | \t        ^`,
  );
});

test("an unknown variable, function, struct and header are told by name", () => {
  const cases = [
    ["  return nothing;", 10, "use of undeclared identifier 'nothing'"],
    ["  return nothing(1);", 10, "use of undeclared function 'nothing'"],
    ["  struct nothing n = {};", 18, "variable has incomplete type 'struct nothing'"],
    ["#include <nothing.h>", 10, "'nothing.h' file not found"],
  ] as const;
  for (const [line, column, complaint] of cases) {
    checkFailure(
      `int f(void *ctx) {\n${line}\n  return 0;\n}\n`,
      "CompileError",
      `Cannot compile "example": line 2, column ${column}: ${complaint}\n` +
        `2 | ${line}\n  | ${"^".padStart(column)}`,
    );
  }
});

const TEXT = `
struct value_t { u64 calls; u8 odd; u32 last; };
struct event { u64 id; u32 pid; };
BPF_HASH(counts, u32, struct value_t);
BPF_PERF_OUTPUT(events);
int count(struct pt_regs *ctx) {
  struct event event = {};
  events.perf_submit(ctx, &event, sizeof(event));
  return 0;
}`;

test("a codec that does not match the C struct is told by its first wrong field", () => {
  using bpf = Bpf.compile(TEXT, { name: "example" });
  const wide = struct("value_t", { calls: u64, odd: u32, last: u32 });
  const long = struct("value_t", { calls: u64, odd: u32, last: u64 });
  const turned = struct("event", { pid: u32, id: u64 });
  const values = 'Cannot read values of map "counts": ';
  const events = 'Cannot read events of perf buffer "events": ';
  const cases: [() => unknown, string][] = [
    [
      () => bpf.map("counts", u32, wide),
      `${values}field "odd" is 4 bytes at offset 8 in the codec and 1 byte at offset 8 in the object`,
    ],
    [
      () => bpf.map("counts", u32, long),
      `${values}the type has 24 bytes in the codec and 16 in the object`,
    ],
    [
      () => bpf.map("counts", u64, wide),
      'Cannot read keys of map "counts": the type has 8 bytes in the codec and 4 in the object',
    ],
    [
      () => bpf.events("events", turned),
      `${events}field "pid" is 4 bytes at offset 0 in the codec and 4 bytes at offset 8 in the object`,
    ],
    [
      () => bpf.events("events", struct("event", { id: u64, pid: u32, comm: chars(16) })),
      `${events}the type has 32 bytes in the codec and 16 in the object`,
    ],
  ];
  for (const [use, message] of cases) assert.throws(use, { name: "LayoutError", message });
});

test("an unknown map, program, symbol, library and tracepoint are told by name", () => {
  using bpf = Bpf.compile(TEXT, { name: "example" });
  const program = bpf.program("count");
  const cases: [() => unknown, string][] = [
    [
      () => bpf.map("nothing"),
      'Cannot find map "nothing" in object "example": it has counts, events',
    ],
    [
      () => bpf.program("nothing"),
      'Cannot find program "nothing" in object "example": it has count',
    ],
    [
      () => program.attachUprobe({ library: "c", symbol: "nothing" }),
      'Cannot attach program "count" to uprobe libc:nothing: No such file or directory (ENOENT): ' +
      'the file has no function "nothing"',
    ],
    [
      () => program.attachUprobe({ library: "nothing", symbol: "f" }),
      'Cannot attach program "count" to uprobe libnothing:f: the dynamic linker knows no ' +
      "libnothing.so: list what it knows with ldconfig -p, or give a path",
    ],
    [
      () => program.attachTracepoint("syscalls", "sys_enter_nothing"),
      'Cannot attach program "count" to tracepoint syscalls/sys_enter_nothing: No such file or ' +
      "directory (ENOENT): this kernel has no tracepoint syscalls/sys_enter_nothing; list them " +
      "in /sys/kernel/tracing/events",
    ],
  ];
  for (const [use, message] of cases) assert.throws(use, { message });
});

test("a program that the verifier refuses is told with its reason and the line", () => {
  assert.throws(
    () =>
      Bpf.compile(
        "RAW_TRACEPOINT_PROBE(sys_enter) {\n  return *(volatile u64 *)(void *)0 != 0;\n}\n",
        { name: "example" },
      ),
    (error: Error) => {
      // How long the log is depends on the kernel and the compiler.
      const message = error.message.replace(/\d+(?= more lines)/, "N");
      assert.equal(error.name, "VerifierError");
      assert.equal(
        message,
        'Cannot load program "raw_tracepoint__sys_enter": Permission denied (EACCES): R1 invalid ' +
          `mem access 'scalar' at line 2: "return *(volatile u64 *)(void *)0 != 0;" ` +
          "(N more lines in the error's log)",
      );
      return true;
    },
  );
});

test("a missing libbcc is told with the way to get it, and another library is not taken for it", async () => {
  using folder = new Folder();
  const script = join(folder.path, "script.ts");
  writeFileSync(
    script,
    `import { Bpf } from ${JSON.stringify(`${PROJECT}mod.ts`)};
    try {
      Bpf.compile("int f(void *ctx) { return 0; }");
    } catch (error) {
      console.log(String(error));
    }\n`,
  );
  const hint = "install libbcc 0.26 or later (Debian: libbpfcc; Ubuntu: libbpfcc; Fedora, Arch: " +
    "bcc), or name a copy in TSBCC_LIBBCC";
  const cases = [
    [
      "/nonexistent/libbcc.so",
      'Cannot open libbcc.so.0 from "/nonexistent/libbcc.so": cannot open shared object file: ' +
      `No such file or directory: ${hint}`,
    ],
    [
      "libz.so.1",
      'Cannot use libbcc.so.0 from "libz.so.1": it has no bpf_module_create_c, ' +
      "bpf_module_create_c_from_string, bpf_module_destroy and N more: too old, or not libbcc: " +
      hint,
    ],
  ] as const;
  for (const [path, message] of cases) {
    const { stdout } = await run(scriptCommand(script), { env: { TSBCC_LIBBCC: path } });
    assert.equal(stdout.replace(/\d+(?= more:)/, "N"), `LibraryError: ${message}\n`);
  }
});

test("code that LLVM cannot translate ends the process with LLVM's reason, and leaves nothing", async () => {
  using folder = new Folder();
  const script = join(folder.path, "script.ts");
  const text = "int f(void *ctx) { s64 time = bpf_ktime_get_ns(); return 1000 / time; }";
  writeFileSync(
    script,
    `import { Bpf } from ${JSON.stringify(`${PROJECT}mod.ts`)};
    Bpf.compile(${JSON.stringify(text)}, { name: "example", headers: "btf" });
    console.log("not reached");\n`,
  );
  const { status, stdout, stderr } = await run(scriptCommand(script), {
    env: { TMPDIR: folder.path },
  });
  const ended = 'Cannot compile "example": LLVM ended the process: in function "f": ';
  const told = [
    "BPF has no instruction for sdiv: divide unsigned numbers",
    // Since LLVM 15.
    "unsupported signed division, please convert to unsigned div/mod",
  ].map((why) => `${ended}${why}`);
  assert.ok(stderr.split("\n").some((line) => told.includes(line)), stderr);
  assert.deepEqual([status, stdout], [1, ""]);
  assert.deepEqual(readdirSync(folder.path), ["script.ts"]);
});

test("dropped events are counted and told", async () => {
  using folder = new Folder();
  const calls = 10_007;
  await using workload = await Workload.start(`burst=${folder.path}/burst:${calls}`);
  await using example = Running.start(scriptCommand(`${PROJECT}examples/opensnoop_perf.ts`), {
    env: { TSBCC_READY: "1" },
  });
  await example.find("stderr", /^ready$/m);
  example.kill("SIGSTOP");
  await workload.go();
  example.kill("SIGCONT");
  await untilSeen(example, `${folder.path}/sentinel`);
  example.kill("SIGINT");
  const { status, stdout, stderr } = await example.result;
  const message = /^ready\n(\d+) calls are not shown: the perf buffer was full\n$/.exec(stderr);
  assert.ok(message, stderr);
  assert.equal(status, 0);
  // Calls of other processes may be dropped as well.
  const shown = stdout.split(`"${folder.path}/burst"`).length - 1;
  assert.ok(
    shown > 0 && shown + Number(message[1]) >= calls,
    `${shown} shown, ${message[1]} dropped`,
  );
});
