// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { libbcc } from "../../ffi/libbcc.ts";
import { alloc, bufferText, cString, textAt } from "../../ffi/libc/memory.ts";
import { withDirectory, withEnvironment } from "../../ffi/libc/process_state.ts";
import { makeHeaders } from "../../bpf/compile/headers/tree.ts";
import { Bpf, formatValue, parseValue } from "../../mod.ts";

const TEXT = `
enum color { RED, BLUE = 5 };
struct point { u8 x; s16 y; };
struct key_t {
  u32 pid; s32 change; char comm[16]; u8 tag[6]; struct point at; struct point many[2];
  u64 big; s64 least; char one; bool yes; enum color color; u16 row[3];
};
struct value_t { u32 id; union { u16 narrow; u64 wide; } of; };
BPF_HASH(keyed, struct key_t, struct value_t);
BPF_HASH(plain, u32, s32);
BPF_PERCPU_ARRAY(per_cpu, u32, 1);
int nothing(void *ctx) { return 0; }`;

const KEY = {
  pid: 42,
  change: -2,
  comm: "sshd",
  // Ends with zeros, because libbcc reads beyond an array of bytes without a terminating zero.
  tag: [97, 98, 99, 0, 0, 0],
  at: { x: 1, y: -1 },
  many: [{ x: 2, y: 3 }, { x: 4, y: -5 }],
  // The largest signed numbers: libbcc clamps larger ones.
  big: 0x7fff_ffff_ffff_ffffn,
  least: 3n,
  one: 65,
  yes: true,
  color: 5,
  row: [7, 8, 9],
};
const VALUE = { id: 11, of: { narrow: 0x5678, wide: 0x12345678n } };

/** A module of libbcc, whose functions print and parse keys and values of its tables. */
class Oracle implements Disposable {
  readonly #module: bigint;

  constructor() {
    using headers = makeHeaders(TEXT, { folder: process.cwd(), includes: [] });
    using _environment = withEnvironment("BCC_KERNEL_SOURCE", headers.path);
    using _directory = withDirectory();
    const { bpf_module_create_c_from_string } = libbcc();
    this.#module = bpf_module_create_c_from_string(cString(TEXT), 0, alloc(8), 0, 1, null);
    assert.notEqual(this.#module, 0n);
  }

  /** libbcc's texts for the bytes of a key and a value. */
  texts(name: string, key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): string[] {
    const { bpf_table_key_snprintf, bpf_table_leaf_snprintf } = libbcc();
    const text = alloc(1024);
    const id = this.#table(name);
    return ([[bpf_table_key_snprintf, key], [bpf_table_leaf_snprintf, value]] as const)
      .map(([print, bytes]) => {
        assert.equal(print(this.#module, id, text, BigInt(text.length), bytes), 0);
        return bufferText(text);
      });
  }

  /** The bytes of a key that libbcc parses from a text. */
  key(name: string, text: string, size: number): Uint8Array<ArrayBuffer> {
    const bytes = alloc(size);
    assert.equal(
      libbcc().bpf_table_key_sscanf(this.#module, this.#table(name), cString(text), bytes),
      0,
    );
    return bytes;
  }

  #table(name: string): bigint {
    const lib = libbcc();
    for (let id = 0n; id < lib.bpf_num_tables(this.#module); id++) {
      if (textAt(lib.bpf_table_name(this.#module, id)) === name) return id;
    }
    throw new Error(`No table "${name}"`);
  }

  [Symbol.dispose](): void {
    libbcc().bpf_module_destroy(this.#module);
  }
}

test("formatValue() writes what libbcc writes of a key and a value, and each reads the other", () => {
  using bpf = Bpf.compile(TEXT, { headers: "btf" });
  using oracle = new Oracle();
  const cases = [["keyed", KEY, VALUE], ["plain", 7, -7]] as const;
  for (const [name, key, value] of cases) {
    const { keyCodec, valueCodec } = bpf.map(name);
    const keyBytes = alloc(keyCodec.size);
    keyCodec.write(new DataView(keyBytes.buffer), 0, key);
    const valueBytes = alloc(valueCodec.size);
    valueCodec.write(new DataView(valueBytes.buffer), 0, value);
    const texts = [formatValue(keyCodec, key), formatValue(valueCodec, value)];
    assert.deepEqual(texts, oracle.texts(name, keyBytes, valueBytes));
    assert.deepEqual(oracle.key(name, texts[0]!, keyCodec.size), keyBytes);
    assert.deepEqual(
      parseValue(keyCodec, texts[0]!),
      keyCodec.read(new DataView(keyBytes.buffer), 0),
    );
    assert.deepEqual(parseValue(valueCodec, texts[1]!), value);
  }
});

test("formatValue() writes each CPU's value of a per-CPU map", () => {
  using bpf = Bpf.compile(TEXT, { headers: "btf" });
  const map = bpf.perCpuMap("per_cpu");
  const values = (map.get(0) as number[]).map((_, cpu) => 10 + cpu);
  map.set(0, values);
  const text = `[ ${values.map((value) => `0x${value.toString(16)}`).join(" ")} ]`;
  assert.equal(formatValue(map.valueCodec, map.get(0)!), text);
  assert.deepEqual(parseValue(map.valueCodec, text), values);
});
