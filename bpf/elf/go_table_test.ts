import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { elfImage } from "../../tests/support/elf_image.ts";
import { goTable } from "../../tests/support/go_table.ts";
import { readCallFrames } from "./call_frames.ts";
import { ElfFunctions } from "./elf_functions.ts";
import { ElfFile } from "./elf_file.ts";
import { FrameRule, frameRule } from "./frame_rule.ts";

function withProgram(bytes: Uint8Array, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));
  try {
    const path = join(folder, "program");
    writeFileSync(path, elfImage({ section: { name: ".gopclntab", bytes } }));
    use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("functions and lines of a stripped Go program have names", () =>
  withProgram(goTable(), (path) => {
    using file = new ElfFunctions(path);
    const nameAt = (offset: number) => file.at(offset)?.name;
    assert.deepEqual([0xff, 0x100, 0x11f, 0x120, 0x15f, 0x160, 0x16f, 0x170].map(nameAt), [
      undefined,
      "main.leaf",
      "main.leaf",
      "main.(*T).call",
      "main.(*T).call",
      "runtime.goexit",
      "runtime.goexit",
      undefined,
    ]);
    const lineAt = (offset: number) => file.lineAt(offset)?.line;
    assert.deepEqual([0x100, 0x120, 0x127, 0x128, 0x15f, 0x160].map(lineAt), [
      7,
      12,
      12,
      9,
      9,
      300,
    ]);
    assert.equal(file.lineAt(0x100)?.file, "src/main.go");
    assert.equal(file.lineAt(0x170), undefined);
  }));

test("stacks of Go programs are walked by how far each function has let them grow", () =>
  withProgram(goTable(), (path) => {
    using file = new ElfFile(path);
    const { addresses, rules } = readCallFrames(file)!;
    const [bare, framed] = [frameRule(FrameRule.RSP, 1), frameRule(FrameRule.RSP, 4, -2)];
    assert.deepEqual([...addresses].map((address, i) => [address, rules[i]]), [
      [0x1100, bare],
      [0x1124, framed],
      [0x115c, bare],
      [0x1160, frameRule(FrameRule.END)],
      [0x1170, frameRule(FrameRule.NONE)],
    ]);
  }));

test("a Go table that ends too early, or is of another version, does no harm", () => {
  const whole = goTable();
  for (let length = 0; length < whole.length; length += 5) {
    withProgram(goTable(length), (path) => {
      using functions = new ElfFunctions(path);
      using file = new ElfFile(path);
      functions.at(0x110);
      functions.lineAt(0x130);
      readCallFrames(file);
    });
  }
  whole[0] = 0xfa;
  withProgram(whole, (path) => {
    using file = new ElfFile(path);
    assert.equal(file.go, undefined);
    assert.equal(readCallFrames(file), undefined);
  });
});
