import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { elfImage, type ImageParts } from "../../tests/support/elf_image.ts";
import { ElfFile } from "./elf_file.ts";
import { ElfFunctions } from "./elf_functions.ts";

function withFile(bytes: Uint8Array, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));
  try {
    const path = join(folder, "program");
    writeFileSync(path, bytes);
    use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the function at a virtual address is called: files of these tests lie at 0x1000. */
function nameAt(path: string, address: number): string | undefined {
  using file = new ElfFunctions(path);
  return file.at(address - 0x1000)?.name;
}

const SYMBOLS = [
  { name: "first", address: 0x1100, size: 0x10 },
  { name: "second@@VERSION_2", address: 0x1110, size: 0 },
];

const withImage = (parts: ImageParts, use: (path: string) => void) =>
  withFile(elfImage(parts), use);

test("ElfFunctions.at() names functions, without the versions behind their names", () =>
  withImage({ symbols: SYMBOLS }, (path) => {
    assert.equal(nameAt(path, 0x1100), "first");
    assert.equal(nameAt(path, 0x110f), "first");
    assert.equal(nameAt(path, 0x1118), "second");
    assert.equal(nameAt(path, 0x10ff), undefined);
    assert.equal(nameAt(path, 2 ** 40), undefined);
    using file = new ElfFile(path);
    assert.equal(file.function("second")?.offset, 0x110);
    assert.equal(file.buildId, undefined);
  }));

test("ElfFunctions.at() gives no name where the file ends before its symbols", () => {
  const bytes = elfImage({ symbols: SYMBOLS, symbolsAt: 2 ** 30 });
  withFile(bytes, (path) => assert.equal(nameAt(path, 0x1100), undefined));
  const program = Uint8Array.from(readFileSync("/bin/sh"));
  const view = new DataView(program.buffer);
  view.setBigUint64(40, 2n ** 40n, true);
  withFile(program, (path) => assert.equal(nameAt(path, 0x1000 + program.length >> 1), undefined));
});

test("ElfFunctions survives a file that is truncated while it is open", () =>
  withImage({ symbols: SYMBOLS }, (path) => {
    using before = new ElfFunctions(path);
    using after = new ElfFunctions(path);
    assert.equal(before.at(0x100)?.name, "first");
    truncateSync(path, 0);
    assert.equal(before.at(0x100)?.name, "first");
    assert.equal(after.at(0x100), undefined);
    assert.equal(after.bytesAt(0, 4), undefined);
    assert.throws(() => new ElfFunctions(path), /it is not a 64-bit little-endian ELF file/);
  }));

test("ElfFile reads nothing of gigabytes that hold nothing", () =>
  withImage({ symbols: SYMBOLS }, (path) => {
    const before = process.memoryUsage().rss;
    truncateSync(path, 3 * 2 ** 30);
    assert.equal(nameAt(path, 0x1100), "first");
    // The tables themselves are said to be as large.
    withImage({ symbols: SYMBOLS, symbolsSize: 2 ** 31, namesSize: 2 ** 31 }, (huge) => {
      truncateSync(huge, 3 * 2 ** 30);
      assert.equal(nameAt(huge, 0x1100), undefined);
      using file = new ElfFile(huge);
      assert.deepEqual([...file.functions()], []);
    });
    withImage({ symbols: SYMBOLS, namesSize: 2 ** 31 }, (huge) => {
      truncateSync(huge, 3 * 2 ** 30);
      assert.equal(nameAt(huge, 0x1100), "first");
    });
    assert.ok(process.memoryUsage().rss - before < 300 * 2 ** 20);
  }));

test("ElfFile ends at notes whose sizes are made to go backwards", () => {
  for (const size of [0xffffffff, 0xfffffff4, 0x80000000]) {
    const sizes = new Uint8Array(new Uint32Array([size, size, 3]).buffer);
    withImage({ symbols: SYMBOLS, notes: sizes }, (path) => {
      using file = new ElfFile(path);
      assert.equal(file.buildId, undefined);
      assert.equal(nameAt(path, 0x1100), "first");
    });
  }
});

test("ElfFunctions.at() takes long names and many names of one place in little time", () => {
  const long = `f${"@".repeat(200_000)}`;
  const many = Array.from({ length: 20_000 }, (_, i) => ({
    name: `_alias${i}`,
    address: 0x1200,
    size: 16,
  }));
  withImage({ symbols: [{ name: long, address: 0x1100, size: 16 }, ...many] }, (path) => {
    assert.equal(nameAt(path, 0x1100), "f");
    using file = new ElfFunctions(path);
    for (let i = 0; i < 1000; i++) assert.match(file.at(0x200 + i % 16)!.name, /^_alias\d+$/);
  });
  withImage({ symbols: [{ name: "x".repeat(100_000), address: 0x1100, size: 16 }] }, (path) => {
    assert.equal(nameAt(path, 0x1100)?.length, 2 ** 14);
  });
});

test("ElfFile refuses program headers that no program has", () => {
  const bytes = elfImage({ symbols: SYMBOLS });
  const view = new DataView(bytes.buffer);
  view.setUint16(56, 0xffff, true);
  withFile(
    bytes,
    (path) => assert.throws(() => new ElfFile(path), /65535 program headers.*corrupt/),
  );
  view.setUint16(56, 1, true);
  view.setUint16(54, 8, true);
  withFile(bytes, (path) => assert.throws(() => new ElfFile(path), RangeError));
  withFile(Uint8Array.of(1, 2, 3), (path) => assert.throws(() => new ElfFile(path), RangeError));
});
