import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { elfImage } from "../../tests/support/elf_image.ts";
import { Folder } from "../../tests/support/workload.ts";
import { isNop5, isStillEntry } from "./optimized_nop.ts";
import { UprobeGuard } from "./uprobe_guard.ts";

const bytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

test("isNop5() knows the forms of a nop of five bytes", () => {
  for (
    const nop of [
      "0f 1f 44 00 00",
      "0f 1f 44 00 08",
      "66 66 0f 1f 00",
      "66 66 66 66 90",
      "66 0f 1f 40 00",
    ]
  ) {
    assert.ok(isNop5(bytes(`${nop} 90`)), nop);
  }
  const others = [
    "90",
    "66 90",
    "0f 1f 00",
    "0f 1f 40 00",
    "66 0f 1f 44 00 00",
    "0f 1f 80 00 00 00 00",
  ];
  for (const other of [...others, "0f 1f", "", "f3 0f 1e fa", "e8 00 00 00 00", "0f 05"]) {
    assert.ok(!isNop5(bytes(other)), other);
  }
});

test("isStillEntry() goes past marks and nops only", () => {
  assert.ok(isStillEntry(bytes("")));
  assert.ok(isStillEntry(bytes("f3 0f 1e fa 90 66 90")));
  assert.ok(!isStillEntry(bytes("f3 0f 1e fa 55")));
  assert.ok(!isStillEntry(bytes("89 7c 24 fc")));
});

const skip = process.arch !== "x64" && "only x86 kernels replace nops";

test("a uprobe on a nop of five bytes is refused but at a function's entry", { skip }, () => {
  using folder = new Folder();
  const path = join(folder.path, "image");
  // A function is loaded at 0x1100, which is 0x100 in the file.
  const image = elfImage({
    symbols: [
      { name: "plain", address: 0x1100, size: 32 },
      { name: "marked", address: 0x1200, size: 32 },
      { name: "usdt", address: 0x1300, size: 32 },
    ],
  });
  const nop = bytes("0f 1f 44 00 00");
  image.set(nop, 0x100); // at the entry
  image.set(bytes("55 89 7c 24 fc"), 0x105);
  image.set(nop, 0x10a); // behind a variable in the red zone
  image.set(bytes("f3 0f 1e fa"), 0x200);
  image.set(nop, 0x204); // at the entry, behind endbr64
  image.set(bytes("89 7c 24 fc 90"), 0x300); // a USDT probe's nop of one byte …
  image.set(nop, 0x305); // … and the nop that newer headers put behind it
  image.set(nop, 0x400); // in no function
  writeFileSync(path, image);
  using guard = new UprobeGuard(path, () => true);
  for (const offset of [0x100, 0x204, 0x304, 0x105]) assert.ok(guard.allows(offset), `${offset}`);
  for (const offset of [0x10a, 0x305, 0x400]) assert.ok(!guard.allows(offset), `${offset}`);
  assert.throws(
    () => guard.check(0x10a, "attach x", "plain"),
    /Cannot attach x: .*replace the nop of plain \(0f 1f 44 00 …\) by a call.*probe the function's entry/,
  );
  using older = new UprobeGuard(path, () => false);
  assert.ok(older.allows(0x10a));
});
