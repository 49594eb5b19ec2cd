import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ElfFile } from "../../bpf/elf/elf_file.ts";
import { readText } from "../../ffi/libc/files.ts";
import { i64, KernelSymbols, UserSymbols } from "../../mod.ts";
import { buildProgram } from "../support/build.ts";
import { callGetppid } from "../support/calls.ts";
import { attachToCalls, loadKindsObject } from "../support/kinds.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";

/** Length of the prefix of a line of nm: 16 digits, a space, the type, a space. */
const LINE_PREFIX = 19;

/** Starts symbols.c; returns the process and the addresses that it prints. */
async function start(path: string) {
  const running = Running.start([path]);
  const line = await running.find("stdout", /^(0x\S+) (0x\S+) (0x\S+) (0x\S+) (0x\S+) (0x\S+)\n/);
  const [cplusplus, rust, plain, puts, jit, vdso] = line.slice(1).map(BigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  return { running, cplusplus, rust, plain, puts, jit, vdso };
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-symbols-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("UserSymbols names functions of an executable and of its libraries", async () => {
  const path = buildProgram("symbols.c");
  const { running, cplusplus, rust, plain, puts } = await start(path);
  await using _ = running;
  using symbols = new UserSymbols();
  const { pid } = running;
  assert.deepEqual(symbols.resolve(pid, plain), { name: "plain", offset: 0, module: path });
  assert.deepEqual(symbols.resolve(pid, plain + 2n), { name: "plain", offset: 2, module: path });
  assert.deepEqual(symbols.resolve(pid, cplusplus), {
    name: "ns::thing(int)",
    offset: 0,
    module: path,
  });
  assert.deepEqual(symbols.resolve(pid, rust), { name: "main::work", offset: 0, module: path });
  const library = symbols.resolve(pid, puts + 1n)!;
  assert.equal(library.name, "puts");
  assert.equal(library.offset, 1);
  assert.match(library.module!, /\/libc\.so\.6$/);
  assert.match(symbols.buildId(pid, puts)!, /^[0-9a-f]{40}$/);
  assert.equal(symbols.resolve(pid, 0x10n), undefined);

  using mangled = new UserSymbols({ demangle: false });
  assert.equal(mangled.resolve(pid, cplusplus)!.name, "_ZN2ns5thingEi");
  assert.equal(mangled.resolve(pid, rust)!.name, "_ZN4main4work17h0123456789abcdefE");
});

test("UserSymbols names functions of the kernel's own library", async () => {
  const { running, vdso } = await start(buildProgram("symbols.c"));
  await using _ = running;
  using symbols = new UserSymbols();
  const name = `__${process.arch === "arm64" ? "kernel" : "vdso"}_clock_gettime`;
  const at = (address: bigint) => symbols.resolve(running.pid, address);
  assert.deepEqual(at(vdso), { name, offset: 0, module: "[vdso]" });
  assert.deepEqual(at(vdso + 3n), { name, offset: 3, module: "[vdso]" });
  assert.notEqual(at(vdso - 1n)?.name, name);
});

test("UserSymbols tells file and offset of a function without a name", async () => {
  const path = buildProgram("symbols.c");
  await inFolder(async (folder) => {
    const stripped = join(folder, "stripped");
    assert.equal(spawnSync("strip", ["-o", stripped, path]).status, 0);
    const { running, plain } = await start(stripped);
    await using _ = running;
    using symbols = new UserSymbols();
    using file = new ElfFile(path);
    const { offset } = file.function("plain")!;
    assert.deepEqual(symbols.resolve(running.pid, plain), {
      name: undefined,
      offset,
      module: stripped,
    });
  });
});

test("UserSymbols finds the debug file that a program links to, and no other build's", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "program");
    copyFileSync(buildProgram("symbols.c"), path);
    const objcopy = (...args: string[]) =>
      assert.equal(spawnSync("objcopy", args, { cwd: folder }).status, 0);
    objcopy("--remove-section=.note.gnu.build-id", path);
    objcopy("--only-keep-debug", path, "program.debug");
    objcopy("--strip-all", "--add-gnu-debuglink=program.debug", path);
    const { running, plain } = await start(path);
    await using _ = running;
    const nameOf = () => {
      using symbols = new UserSymbols();
      return symbols.resolve(running.pid, plain + 2n)!.name;
    };
    assert.equal(nameOf(), "plain");
    copyFileSync(buildProgram("workload.c"), `${path}.debug`);
    assert.equal(nameOf(), undefined);
    unlinkSync(`${path}.debug`);
    assert.equal(spawnSync("mkfifo", [`${path}.debug`]).status, 0); // opening a FIFO must not block
    assert.equal(nameOf(), undefined);
  });
});

test("UserSymbols reads files that were deleted, and forgets processes", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "deleted");
    copyFileSync(buildProgram("symbols.c"), path);
    const { running, plain } = await start(path);
    unlinkSync(path);
    // The path in /proc/PID/maps may belong to another file now, even a FIFO: opening it must not
    // block.
    assert.equal(spawnSync("mkfifo", [path, `${path} (deleted)`]).status, 0);
    using symbols = new UserSymbols();
    const { pid } = running;
    const expected = { name: "plain", offset: 0, module: path };
    assert.deepEqual(symbols.resolve(pid, plain), expected);
    running.kill("SIGKILL");
    await running.result;
    assert.deepEqual(symbols.resolve(pid, plain), expected);
    symbols.forget(pid);
    assert.equal(symbols.resolve(pid, plain), undefined);
    symbols.close();
    symbols.close();
  });
});

test("UserSymbols names a file's functions when the process it was opened through is gone", async () => {
  const path = buildProgram("symbols.c");
  await inFolder(async (folder) => {
    const copy = join(folder, "copy");
    copyFileSync(path, copy);
    const first = await start(copy);
    const second = await start(copy);
    await using other = second.running;
    // Now the file can be opened only through /proc/PID/map_files.
    unlinkSync(copy);
    using symbols = new UserSymbols();
    assert.equal(symbols.resolve(first.running.pid, first.plain)!.name, "plain");
    await first.running[Symbol.asyncDispose]();
    assert.equal(symbols.resolve(other.pid, second.cplusplus)!.name, "ns::thing(int)");
    assert.equal(symbols.resolve(other.pid, second.rust)!.name, "main::work");
  });
});

test("UserSymbols reads the perf-map file of a just-in-time compiler", async () => {
  const { running, jit, plain } = await start(buildProgram("symbols.c"));
  await using _ = running;
  const { pid } = running;
  using symbols = new UserSymbols();
  assert.equal(symbols.resolve(pid, jit), undefined);
  const path = `/tmp/perf-${pid}.map`;
  const at = (offset: bigint) => (jit + offset).toString(16);
  writeFileSync(
    path,
    `${at(0n)} 20 old name\n${at(0n)} 20 LazyCompile:*f a.js:3\n0x${at(64n)} 0x8 g\n`,
  );
  try {
    symbols.refresh(pid);
    const module = `perf-${pid}.map`;
    const name = "LazyCompile:*f a.js:3";
    assert.deepEqual(symbols.resolve(pid, jit + 0x1fn), { name, offset: 0x1f, module });
    assert.deepEqual(symbols.resolve(pid, jit + 64n), { name: "g", offset: 0, module });
    assert.equal(symbols.resolve(pid, jit + 0x20n), undefined);
    assert.equal(symbols.resolve(pid, plain)!.name, "plain");
  } finally {
    unlinkSync(path);
  }
});

test("KernelSymbols agrees with /proc/kallsyms", () => {
  const symbols = new KernelSymbols();
  const lines = readText("/proc/kallsyms").split("\n").filter((line) =>
    /^ffff\S+ [tTwW] [^\t]+$/.test(line)
  );
  const names = new Map<string, string[]>();
  for (const line of lines) {
    const [address, , name] = line.split(" ") as [string, string, string];
    names.set(address, [...names.get(address) ?? [], name]);
  }
  assert.ok(names.size > 10_000 && symbols.size >= lines.length);
  const every = [...names].filter((_, i) => i % 97 === 0);
  for (const [address, known] of every) {
    const found = symbols.resolve(BigInt(`0x${address}`))!;
    assert.ok(known.includes(found.name!), `${address}: ${found.name}`);
    assert.equal(found.offset, 0);
  }
  const seen = Map.groupBy(lines, (line) => line.slice(LINE_PREFIX));
  const unique = every.find(([, [name]]) => seen.get(name!)!.length === 1)!;
  assert.equal(symbols.address(unique[1][0]!), BigInt(`0x${unique[0]}`));
  assert.equal(symbols.address("no_such_function_1009"), undefined);
});

const STACKS = "the stacks that a program takes have names on both sides";
test(STACKS, { skip: requires(STACKS, "syscallStacks") }, () => {
  using bpf = loadKindsObject();
  attachToCalls(bpf);
  callGetppid(1);
  const stacks = bpf.stacks("stacks");
  const kernel = bpf.stacks("kernel_stacks").get(bpf.global("kernel_stack", i64.asNumber).value)!;
  const symbols = new KernelSymbols();
  const names = kernel.map((address) => symbols.resolve(address)?.name);
  assert.ok(names.some((name) => /syscall/.test(name!)), names.join(" "));
  using users = new UserSymbols();
  const [innermost] = stacks.get(bpf.global("user_stack", i64.asNumber).value)!;
  const user = users.resolve(process.pid, innermost!)!;
  assert.equal(user.name, "syscall");
  assert.match(user.module!, /\/libc\.so\.6$/);
});
