import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { UserSymbols } from "../../mod.ts";
import { buildProgram } from "../support/build.ts";
import { JitProgram } from "../support/jit.ts";
import { header, load } from "../support/jitdump.ts";

const skip = process.arch === "x64" ? false : "jit.c makes code of x86";

/** Repeats a lookup until it gives a name: the library rereads perf maps only at intervals. */
async function until(name: string, ask: () => string | undefined): Promise<void> {
  while (ask() !== name) await setImmediate();
}

test(
  "UserSymbols names what is compiled after the first question, by the last line",
  { skip },
  async () => {
    await using program = await JitProgram.start("anon");
    const { pid, inner, outer } = program;
    using symbols = new UserSymbols();
    const at = (address: bigint) => symbols.resolve(pid, address)?.name;
    assert.equal(at(inner.address), undefined);
    program.writeMap(program.line(inner, "first name"));
    await until("first name", () => at(inner.address + 3n));
    assert.equal(at(outer.address), undefined);
    appendFileSync(
      program.mapPath,
      program.line(outer, "outer") + program.line(inner, "second name"),
    );
    await until("second name", () => at(inner.address));
    const module = `perf-${pid}.map`;
    assert.deepEqual(symbols.resolve(pid, outer.address + 2n), {
      name: "outer",
      offset: 2,
      module,
    });
    // A return address right after a function's end belongs to that function: its last instruction
    // is the call.
    const end = inner.address + BigInt(inner.size);
    assert.equal(symbols.resolve(pid, end), undefined);
    assert.equal(symbols.resolve(pid, end, { isReturn: true })?.name, "second name");
    // The perf map is replaced by a new file.
    rmSync(program.mapPath);
    program.writeMap(program.line(outer, "compiled anew"));
    await until("compiled anew", () => at(outer.address));
    assert.equal(at(inner.address), "second name");
  },
);

test(
  "UserSymbols believes a perf map only of the process itself, and of its time",
  { skip },
  async () => {
    await using program = await JitProgram.start("anon");
    const { pid, inner, mapPath } = program;
    const name = () => {
      using symbols = new UserSymbols();
      return symbols.resolve(pid, inner.address)?.name;
    };
    program.writeMap();
    assert.equal(name(), "jit_inner");
    utimesSync(mapPath, 1, 1); // older than the process: left by an earlier process with this pid
    assert.equal(name(), undefined);
    program.writeMap();
    chownSync(mapPath, 12345, 12345); // owned by another user
    assert.equal(name(), undefined);
    chownSync(mapPath, 0, 0);
    assert.equal(name(), "jit_inner");
    renameSync(mapPath, `${mapPath}.own`);
    symlinkSync(`${mapPath}.own`, mapPath);
    assert.equal(name(), undefined);
    rmSync(mapPath);
    rmSync(`${mapPath}.own`);
    assert.equal(spawnSync("mkfifo", [mapPath]).status, 0);
    assert.equal(name(), undefined);
  },
);

test(
  "UserSymbols does not believe the map of its number in another PID namespace",
  { skip },
  async () => {
    const jit = buildProgram("jit.c", ["-O0"]);
    // In another pid namespace with the same /tmp: the map is named after the pid in our namespace.
    await using program = await JitProgram.of(["unshare", "--pid", "--fork", jit, "anon"]);
    const parent = program.running.pid;
    const pid = Number(readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8"));
    assert.notEqual(pid, program.pid);
    const path = `/tmp/perf-${pid}.map`;
    writeFileSync(path, program.map);
    try {
      using symbols = new UserSymbols();
      assert.equal(symbols.resolve(pid, program.inner.address), undefined);
    } finally {
      rmSync(path);
    }
  },
);

test("UserSymbols finds who a running process was forked from, and what that has compiled", {
  skip,
}, async () => {
  await using program = await JitProgram.start("memfd");
  program.writeMap();
  program.running.send("fork 1");
  const [, child] = await program.running.find("stdout", /child (\d+)\n/);
  using symbols = new UserSymbols();
  const found = symbols.resolve(Number(child), program.inner.address + 1n);
  assert.deepEqual(found, { name: "jit_inner", offset: 1, module: `perf-${program.pid}.map` });
});

test(
  "UserSymbols reads the jitdump file that a process has mapped, removed or not",
  { skip },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));
    try {
      const path = join(folder, "jit-4711.dump");
      writeFileSync(path, header());
      await using program = await JitProgram.start("anon", path);
      const { pid, inner, outer } = program;
      using symbols = new UserSymbols();
      symbols.follow({ pids: [pid] });
      const at = (address: bigint) => symbols.resolve(pid, address)?.name;
      appendFileSync(path, load(Number(inner.address), inner.size, "Inner:dumped", 1));
      await until("Inner:dumped", () => at(inner.address));
      appendFileSync(path, load(Number(outer.address), outer.size, "Outer:dumped", 2));
      rmSync(path);
      await until("Outer:dumped", () => at(outer.address));
      await program.does("run 1");
      await program[Symbol.asyncDispose]();
      const module = "jit-4711.dump";
      const expected = { name: "Inner:dumped", offset: 1, module };
      assert.deepEqual(symbols.resolve(pid, inner.address + 1n), expected);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
