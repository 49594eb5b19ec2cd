// Not in guests: it reads files, which no kernel changes.
/** Source lines of addresses, compared with addr2line of binutils. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { ElfFile } from "../../bpf/elf/elf_file.ts";
import { buildProgram } from "../support/build.ts";
import { Folder } from "../support/workload.ts";

/** `FILE:LINE` for each address, as addr2line prints it. */
function known(path: string, addresses: readonly number[]): (string | undefined)[] {
  const input = addresses.map((address) => `0x${address.toString(16)}\n`).join("");
  const output = execFileSync("addr2line", ["-e", path], { input, encoding: "utf8" });
  return output.trimEnd().split("\n").map((line) => {
    const [, file, number] = /([^/]+):(\d+)(?: \(discriminator \d+\))?$/.exec(line) ?? [];
    return file === undefined || number === "0" ? undefined : `${file}:${number}`;
  });
}

/** `FILE:LINE` for each address, as the library reads it. */
function found(file: ElfFile, addresses: readonly number[]): (string | undefined)[] {
  return addresses.map((address) => {
    const line = file.lines?.at(address);
    return line && `${line.file.replace(/^.*\//, "")}:${line.line}`;
  });
}

function codeOf(file: ElfFile): number[] {
  const { address, size } = file.section(".text")!;
  return Array.from({ length: size }, (_, i) => address + i);
}

for (const version of [3, 4, 5]) {
  test(`source lines are those that binutils tell, of DWARF ${version}`, () => {
    const path = buildProgram("lock_order.c", ["-g", `-gdwarf-${version}`]);
    using file = new ElfFile(path);
    const addresses = codeOf(file);
    const lines = known(path, addresses);
    assert.ok(lines.filter((line) => line?.startsWith("lock_order.c:")).length > 500);
    assert.deepEqual(found(file, addresses), lines);
  });
}

test("source lines are read from debug files, compressed and not", () => {
  using folder = new Folder();
  const path = buildProgram("lock_order.c", ["-g", "-gdwarf-5"]);
  for (const format of ["none", "zlib"]) {
    const [stripped, debug] = [join(folder.path, format), join(folder.path, `${format}.debug`)];
    const compressed = `--compress-debug-sections=${format}`;
    execFileSync("objcopy", ["--only-keep-debug", compressed, path, debug]);
    execFileSync("objcopy", ["--strip-all", `--add-gnu-debuglink=${debug}`, path, stripped]);
    using file = new ElfFile(stripped);
    const addresses = codeOf(file);
    assert.deepEqual(found(file, addresses), known(path, addresses), format);
  }
});

test("programs without debug information have no source lines", () => {
  using file = new ElfFile(buildProgram("lock_order.c"));
  assert.equal(file.lines, undefined);
});
