import assert from "node:assert/strict";
import { rmSync, statSync } from "node:fs";
import { test } from "node:test";
import { BpfError, ErrnoError, mappedFiles, ProcessMemory } from "../../mod.ts";
import { Running } from "../support/process.ts";

/** Starts a process and waits until its start-up code has run. */
async function startCat() {
  const running = Running.start(["cat"]);
  running.send("here");
  await running.find("stdout", /^here$/m);
  return running;
}

test("ProcessMemory reads a variable of another process by its symbol", async () => {
  await using running = await startCat();
  const files = mappedFiles(running.pid);
  assert.match(files[0]!.name, /\/cat$/);
  const libc = files.find(({ name }) => /\/libc\.so\.6$/.test(name))!;
  assert.ok(libc.functionOffset("strlen")! > 0);
  assert.equal(libc.functionOffset("no_such_function"), undefined);
  assert.equal(libc.variableAddress("no_such_variable"), undefined);

  const memory = new ProcessMemory(running.pid);
  const address = libc.variableAddress("_libc_intl_domainname")!;
  assert.equal(new TextDecoder().decode(memory.read(address, 5)), "libc\0");
  assert.equal(memory.word(address) & 0xffff_ffffn, 0x6362_696cn);
  assert.equal(memory.read(address, 0).length, 0);
  assert.equal(libc.offsetOf(0n), undefined);
  // argv[0] lies on the stack: environ leads there, through memory that the process has written.
  assert.ok(memory.word(libc.variableAddress("environ")!) > 0n);
});

test("ProcessMemory tells what cannot be read, and why", async () => {
  await using running = await startCat();
  const memory = new ProcessMemory(running.pid);
  const fails = (address: bigint, size: number, code: string, pattern: RegExp) =>
    assert.throws(() => memory.read(address, size), (error) => {
      assert.ok(error instanceof BpfError);
      assert.deepEqual([error.op, error.code], ["read", code]);
      assert.match(error.message, pattern);
      return true;
    });
  fails(
    0n,
    8,
    "EFAULT",
    /^Cannot read 8 bytes at 0x0 of process \d+: Bad address \(EFAULT\): not /,
  );
  // A read across the end of a mapping: nothing or only a part can be read.
  const libc = mappedFiles(running.pid).find(({ name }) => /\/libc\.so\.6$/.test(name))!;
  fails(libc.variableAddress("environ")!, 1 << 26, "EFAULT", /: not all of that is mapped there$/);
  running.kill("SIGKILL");
  await running.result;
  fails(0x1000n, 8, "ESRCH", /No such process \(ESRCH\): it has ended$/);
  assert.throws(() => mappedFiles(running.pid), (error) => {
    assert.ok(error instanceof ErrnoError);
    assert.equal(error.code, "ESRCH");
    return true;
  });
});

test("mappedFiles() finds files of a process in another mount namespace, and deleted ones", async () => {
  const script = "mount -t tmpfs none /mnt; cp $(command -v cat) /mnt/cat; " +
    "exec /mnt/cat";
  await using running = Running.start(["unshare", "--mount", "sh", "-c", script]);
  running.send("here");
  await running.find("stdout", /^here$/m);
  const program = mappedFiles(running.pid)[0]!;
  assert.equal(statSync(program.path).ino, statSync(`/proc/${running.pid}/exe`).ino);
  rmSync(`/proc/${running.pid}/root/mnt/cat`);
  const [file] = mappedFiles(running.pid);
  // The kernel prints paths of another mount namespace relative to the root of the process that
  // reads them.
  assert.match(file!.name, /\/mnt\/cat$/);
  assert.match(file!.path, /\/map_files\//);
  assert.equal(file!.functionOffset("no_such_function"), undefined);
});
