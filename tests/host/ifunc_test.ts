// Not in guests: it reads libraries and processes, which no kernel changes.
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { test } from "node:test";
import { ElfFile } from "../../bpf/elf/elf_file.ts";
import { Ifuncs } from "../../bpf/elf/ifunc.ts";
import { addressInLoaded, loadedObjects } from "../../ffi/libc/loaded_objects.ts";
import { loader } from "../../ffi/libc/libc.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { mapFile } from "../../ffi/libc/mmap_file.ts";
import { Bpf, mappedFiles, userFunctions } from "../../mod.ts";
import { Chosen } from "../support/chosen.ts";

const NAMES = ["shared_7", "inner_5", "late_2", "unused_3"] as const;

/** By symbol: whether the library found the implementation that the process chose. */
function implementations(path: string, pid?: number): Record<string, boolean | undefined> {
  using file = new ElfFile(path);
  const ifuncs = new Ifuncs(file, pid);
  return Object.fromEntries(NAMES.map((name) => {
    const { offset, indirect } = file.function(name)!;
    assert.equal(indirect, true);
    const found = ifuncs.implementation(name, offset);
    return [
      name,
      found === undefined ? undefined : found === file.function(`${name}_best`)!.offset,
    ];
  }));
}

const BOUND = { shared_7: true, inner_5: true, late_2: undefined, unused_3: undefined };
const NOTHING = { shared_7: undefined, inner_5: undefined, late_2: undefined, unused_3: undefined };

test("Ifuncs reads a process's choice from its tables, and runs nothing here", async () => {
  using chosen = new Chosen();
  await using run = await chosen.start();
  assert.deepEqual(implementations(chosen.library, run.pid), BOUND);
  // A library that is only mapped as data is not loaded.
  using _mapping = mapFile(chosen.library);
  assert.deepEqual(implementations(chosen.library), NOTHING);
  assert.deepEqual(implementations(chosen.library, process.pid), NOTHING);
  assert.deepEqual(chosen.loadedBy, [run.pid]);
});

test("Ifuncs believes what was bound at the start, of all functions", async () => {
  using chosen = new Chosen();
  await using run = await chosen.start("env", "LD_BIND_NOW=1");
  assert.deepEqual(implementations(chosen.library, run.pid), { ...BOUND, late_2: true });
});

test("Ifuncs asks the linker here only for the very file that it has loaded", () => {
  using chosen = new Chosen();
  const copy = `${chosen.library}.copy`;
  copyFileSync(chosen.library, copy);
  assert.deepEqual(chosen.loadedBy, []);
  assert.notEqual(loader().dlopen(cString(chosen.library), 2), 0n);
  assert.deepEqual(chosen.loadedBy, [process.pid]);
  const exported = { shared_7: true, late_2: true, unused_3: true, inner_5: undefined };
  assert.deepEqual(implementations(chosen.library), exported);
  assert.deepEqual(implementations(chosen.library, process.pid), { ...exported, inner_5: true });
  // Not found in another file with the same soname, nor in one that replaced the file.
  assert.deepEqual(implementations(copy), NOTHING);
  chosen.remove(true);
  copyFileSync(copy, chosen.library);
  assert.deepEqual(implementations(chosen.library), NOTHING);
});

test("Ifuncs of a process that has ended, or does not use the file, cannot be told", async () => {
  using chosen = new Chosen();
  await using other = await chosen.start();
  const copy = `${chosen.library}.copy`;
  copyFileSync(chosen.library, copy);
  assert.deepEqual(implementations(copy, other.pid), NOTHING);
  await other.go();
  assert.deepEqual(implementations(chosen.library, other.pid), NOTHING);
});

test("loadedObjects() lists libraries of this process, and loads none", () => {
  const names = loadedObjects().map(({ name }) => name);
  assert.equal(names[0], "");
  const found = loadedObjects().find(({ name }) => /\/libc\.so/.test(name))!;
  assert.ok(addressInLoaded(found, "getppid") > 0n);
  assert.equal(addressInLoaded(found, "no_such_function"), 0n);
  using chosen = new Chosen();
  assert.equal(addressInLoaded({ ...found, name: chosen.library }, "shared_7"), 0n);
  assert.deepEqual(chosen.loadedBy, []);
  assert.deepEqual(loadedObjects().map(({ name }) => name), names);
});

test("attach uprobe: an indirect function is refused in a sentence where it cannot be told", async () => {
  using chosen = new Chosen();
  await using run = await chosen.start();
  using bpf = Bpf.compile("int count(void *ctx) { return 0; }", { headers: "btf" });
  const attach = (symbol: string, pid?: number) =>
    bpf.program("count").attachUprobe({
      path: chosen.library,
      symbol,
      ...pid === undefined ? {} : { pid },
    });
  assert.throws(() => attach("shared_7"), {
    message:
      `Cannot attach program "count" to uprobe ${chosen.library}:shared_7: "shared_7" is an indirect ` +
      "function (IFUNC), and which implementation is used can only be told of a running process, or " +
      "of a library that this one uses itself: name a process, or name the implementation by its " +
      "symbol or address",
  });
  assert.throws(() => attach("unused_3", run.pid), {
    message:
      `Cannot attach program "count" to uprobe ${chosen.library}:unused_3: "unused_3" is an ` +
      `indirect function (IFUNC), and which implementation process ${run.pid} uses cannot be told, as ` +
      "none of its tables has it (yet): trace it once it was called, or name the implementation by " +
      "its symbol or address",
  });
  attach("shared_7", run.pid)[Symbol.dispose]();
  assert.deepEqual(chosen.loadedBy, [run.pid]);
});

test("userFunctions() tells what it leaves out, and where the others are", async () => {
  using chosen = new Chosen();
  await using run = await chosen.start();
  const leftOut: string[] = [];
  const found = userFunctions(chosen.library, /^[a-z]+_\d$/, run.pid, (name) => leftOut.push(name));
  assert.deepEqual(found.map(({ name }) => name).sort(), ["inner_5", "shared_7"]);
  assert.deepEqual(leftOut.sort(), ["late_2", "unused_3"]);
});

test("mappedFiles() and userFunctions() reach the files of a process in a chroot", async () => {
  using chosen = new Chosen();
  await using run = await chosen.startInChroot();
  const library = mappedFiles(run.pid).find(({ name }) => name.endsWith("/libtsbcc-chosen.so"))!;
  assert.equal(library.path, `/proc/${run.pid}/root/libtsbcc-chosen.so`);
  const [found] = userFunctions("tsbcc-chosen", /^call_inner$/, run.pid);
  assert.equal(library.functionOffset("call_inner"), found!.offset);
});
