import assert from "node:assert/strict";
import { test } from "node:test";
import { ElfReader } from "./elf_reader.ts";
import { relocations } from "./relocations.ts";
import { threadedFunction } from "./threaded_code.ts";

const MIB = 2 ** 20;
const [HEADER, SEGMENT, SECTION] = [64, 56, 64];
const [PT_NOTE, SHT_RELA] = [4, 4];

/** A file whose segments and sections, of a MiB each, all have the same zeros; it counts what is read of it. */
class Overlapping {
  readonly path = "overlapping";
  readonly size = 64 * MIB;
  bytesRead = 0;
  readonly #head: Uint8Array<ArrayBuffer>;

  constructor({ segments = 0, sections = 0 }) {
    const tables = HEADER + segments * SEGMENT;
    this.#head = new Uint8Array(tables + sections * SECTION);
    const view = new DataView(this.#head.buffer);
    const word = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
    this.#head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    word(32, HEADER);
    word(40, tables);
    [HEADER, SEGMENT, segments, SECTION, sections, 0].forEach((value, i) =>
      view.setUint16(52 + i * 2, value, true)
    );
    for (let i = 0; i < segments; i++) {
      const at = HEADER + i * SEGMENT;
      view.setUint32(at, PT_NOTE, true);
      word(at + 8, 32 * MIB);
      word(at + 32, MIB);
    }
    for (let i = 0; i < sections; i++) {
      const at = tables + i * SECTION;
      view.setUint32(at + 4, SHT_RELA, true);
      word(at + 16, 0x1000);
      word(at + 24, 32 * MIB);
      word(at + 32, MIB);
    }
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    this.bytesRead += length;
    const bytes = new Uint8Array(length);
    bytes.set(this.#head.subarray(offset, offset + length));
    return bytes;
  }

  [Symbol.dispose](): void {}
}

test("hundreds of sections on top of one another are read as one file's bytes at most", () => {
  const source = new Overlapping({ sections: 300 });
  using file = new ElfReader(source);
  assert.equal(threadedFunction(file), undefined);
  assert.ok(source.bytesRead <= 72 * MIB, String(source.bytesRead));
});

test("relocations of a file are read up to a limit of all of its tables", () => {
  const source = new Overlapping({ sections: 300 });
  using file = new ElfReader(source);
  assert.equal([...relocations(file)].length, 0);
  assert.ok(source.bytesRead <= 136 * MIB, String(source.bytesRead));
});

test("a build id is looked for in no more notes than a file can have", () => {
  const source = new Overlapping({ segments: 1170 });
  using file = new ElfReader(source);
  assert.equal(file.buildId, undefined);
  assert.ok(source.bytesRead <= 2 * MIB, String(source.bytesRead));
});
