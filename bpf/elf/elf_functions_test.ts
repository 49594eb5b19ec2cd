import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ElfFunctions } from "./elf_functions.ts";

/** Types of sections in elf(5). */
const [SHT_SYMTAB, SHT_DYNSYM] = [2, 11];

/** A program whose symbols lie behind its end. */
function unfinishedProgram(): Uint8Array {
  const bytes = Uint8Array.from(readFileSync("/bin/sh"));
  const view = new DataView(bytes.buffer);
  const sections = Number(view.getBigUint64(40, true));
  const [size, count] = [view.getUint16(58, true), view.getUint16(60, true)];
  for (let at = sections; at < sections + size * count; at += size) {
    const isTable = [SHT_SYMTAB, SHT_DYNSYM].includes(view.getUint32(at + 4, true));
    if (isTable) view.setBigUint64(at + 24, BigInt(bytes.length), true);
  }
  return bytes;
}

test("ElfFunctions.at() gives no name where the file ends before its symbols", () => {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));
  try {
    const path = join(folder, "unfinished");
    const bytes = unfinishedProgram();
    writeFileSync(path, bytes);
    using file = new ElfFunctions(path);
    assert.equal(file.at(bytes.length >> 1), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
