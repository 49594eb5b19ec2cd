// Not in guests: it asks compilers, not kernels, and takes minutes under emulation.
/**
 * Compares codecs with C: compilers read the text that `toC()` prints.
 *
 * Hand-picked and random structs go into one C program, which prints sizes and offsets, compares
 * the values that TypeScript wrote, and stores the same values for TypeScript to read.
 * `CODEC_SEED=n` chooses other random structs.
 */

import { encodeHex } from "@std/encoding";
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { type CType, toC, u8 } from "../../ffi/codec/mod.ts";
import { checkC, hasCompiler, runC } from "../support/c_compiler.ts";
import {
  type Case,
  generator,
  type Leaf,
  makeCase,
  randomComposite,
  TRAPS,
} from "./codec_layout_cases.ts";

const SEED = Number(process.env["CODEC_SEED"] ?? 20260705);
const RANDOM_CASES = 200;

const random = generator(SEED);
const CASES: readonly Case[] = [
  ...TRAPS,
  ...Array.from({ length: RANDOM_CASES }, (_, i) => randomComposite(random, `random_${i}`, 0)),
].map((codec) => makeCase(random, codec));

const definitions = (cases: readonly Case[]) => toC(u8, ...cases.map(({ codec }) => codec));

const tagOf = ({ type }: Case) => `${type.kind} ${type.name}`;

/** `a.b[1].c` */
function spellPath(path: Leaf["path"]): string {
  const parts = path.map((step) => typeof step === "number" ? `[${step}]` : `.${step}`);
  return parts.join("").slice(1);
}

/** Every member to which offsetof() applies, with its offset by the codec's type. */
function offsets(type: CType, path: Leaf["path"] = [], base = 0): [string, number][] {
  if (type.kind === "array") {
    const size = sizeOf(type.element);
    return Array.from(
      { length: type.length },
      (_, i) => offsets(type.element, [...path, i], base + i * size),
    ).flat();
  }
  if (type.kind !== "struct" && type.kind !== "union") return [];
  return type.members.flatMap((member): [string, number][] => {
    if (member.name === "" || member.bitSize !== undefined) return [];
    const at = base + member.bitOffset / 8;
    const inner = [...path, member.name];
    return [[spellPath(inner), at], ...offsets(member.type, inner, at)];
  });
}

function sizeOf(type: CType): number {
  if (type.kind === "array") return type.length * sizeOf(type.element);
  return type.kind === "pointer" ? 8 : type.bytes;
}

/** A C string literal of exactly these bytes, which C ends with a NUL. */
function quote(bytes: Uint8Array): string {
  return `"${[...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")}"`;
}

/** A function that checks and prints one case; each line starts with the case's number. */
function caseFunction(test: Case, id: number): string {
  const tag = tagOf(test);
  const differs = test.leaves.map(({ path, literal, bytes, room }) => {
    const name = spellPath(path);
    const size = room || bytes?.length || 0;
    const padded = new Uint8Array(size);
    if (bytes) padded.set(bytes);
    const same = bytes
      ? `!memcmp(x->${name}, ${quote(padded)}, ${size})`
      : `x->${name} == ${literal}`;
    return `  if (!(${same})) printf("${id} differs ${name}\\n");`;
  });
  const stores = test.leaves.map(({ path, literal, bytes, room }) => {
    const name = spellPath(path);
    if (!bytes) return `    x->${name} = ${literal};`;
    // With the NUL if there is room for it; the bytes after it keep their old values.
    const size = bytes.length + (bytes.length < (room ?? 0) ? 1 : 0);
    return `    memcpy(x->${name}, ${quote(bytes)}, ${size});`;
  });
  return `
static void case_${id}(void) {
  static _Alignas(64) unsigned char memory[] = { ${test.written.join(",")} };
  ${tag} *x = (void *)memory;
  printf("${id} size %zu align %zu\\n", sizeof(${tag}), _Alignof(${tag}));
${
    offsets(test.type)
      .map(([name]) => `  printf("${id} offset ${name} %zu\\n", offsetof(${tag}, ${name}));`)
      .join("\n")
  }
${differs.join("\n")}
  for (int stale = 0; stale < 256; stale += 255) {
    memset(memory, stale, sizeof memory);
${stores.join("\n")}
    printf("${id} stored %d ", stale);
    for (size_t i = 0; i < sizeof memory; i++) printf("%02x", memory[i]);
    printf("\\n");
  }
}
`;
}

function program(): string {
  return `#include <linux/types.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

${definitions(CASES)}
${CASES.map(caseFunction).join("")}
int main(void) {
${CASES.map((_, id) => `  case_${id}();`).join("\n")}
  return 0;
}
`;
}

// Turns off gcc's warnings about packed structs; clang does not know the names of these warnings.
const FLAGS = [
  "-fno-strict-aliasing",
  "-Wno-packed-bitfield-compat",
  "-Wno-packed-not-aligned",
  "-Wno-unknown-warning-option",
];

const outputs = new Map<string, { readonly lines?: string[]; readonly error?: unknown }>();

/** The output of the compiled program about a case; the program is built once for all tests. */
function answers(compiler: string, id: number): string[] {
  let output = outputs.get(compiler);
  if (!output) {
    try {
      output = { lines: runC(compiler, program(), FLAGS).split("\n") };
    } catch (error) {
      output = { error };
    }
    outputs.set(compiler, output);
  }
  if (!output.lines) throw output.error;
  const mark = `${id} `;
  return output.lines.filter((line) => line.startsWith(mark)).map((line) =>
    line.slice(mark.length)
  );
}

function explain({ codec }: Case): string {
  return `seed ${SEED}\n${toC(codec)}`;
}

function valueAt(value: unknown, path: Leaf["path"]): unknown {
  return path.reduce((inner, step) => (inner as Record<string | number, unknown>)[step], value);
}

// Bun's own limit is five seconds, and the build is part of the first test.
const SLOW = { timeout: 120_000 };

const COMPILERS = [
  { compiler: "cc", options: SLOW },
  {
    compiler: "clang",
    options: hasCompiler("clang") ? SLOW : { skip: "clang is not installed" },
  },
];

for (const { compiler, options } of COMPILERS) {
  test(`toC() gives ${compiler} the codec's sizes and offsets`, options, () => {
    for (const [id, test] of CASES.entries()) {
      const { codec, type } = test;
      const found = answers(compiler, id).filter((line) => /^(size|offset) /.test(line));
      const expected = offsets(type).map(([name, offset]) => `offset ${name} ${offset}`);
      expected.unshift(`size ${codec.size} align ${codec.align}`);
      assert.deepEqual(found, expected, explain(test));
    }
  });

  test(`write() puts every value where ${compiler} finds it`, options, () => {
    for (const [id, test] of CASES.entries()) {
      const found = answers(compiler, id).filter((line) => line.startsWith("differs "));
      assert.deepEqual(found, [], explain(test));
    }
  });

  test(`write() leaves the same bytes as ${compiler} in zeroed memory`, options, () => {
    for (const [id, test] of CASES.entries()) {
      const hex = encodeHex(test.written);
      assert.ok(answers(compiler, id).includes(`stored 0 ${hex}`), explain(test));
    }
  });

  test(`read() finds every value that ${compiler} stored`, options, () => {
    for (const [id, test] of CASES.entries()) {
      const stored = answers(compiler, id).filter((line) => line.startsWith("stored "));
      assert.equal(stored.length, 2, explain(test));
      for (const line of stored) {
        const hex = line.split(" ").at(-1)!;
        const memory = Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
        const value = test.codec.read(new DataView(memory.buffer), 0, test.end);
        for (const { path, value: expected } of test.leaves) {
          assert.deepEqual(valueAt(value, path), expected, `${spellPath(path)}, ${explain(test)}`);
        }
      }
    }
  });
}

function hasUnnamed(type: CType): boolean {
  if (type.kind === "array") return hasUnnamed(type.element);
  if (type.kind !== "struct" && type.kind !== "union") return false;
  return type.members.some((member) => member.name === "" || hasUnnamed(member.type));
}

/** Compile-time checks only, without headers, so that they need no foreign C library. */
function assertions(cases: readonly Case[]): string {
  const integers = [["8", "char"], ["16", "short"], ["32", "int"], ["64", "long long"]];
  const types = integers.flatMap(([bits, type]) => [
    `typedef unsigned ${type} __u${bits};\ntypedef signed ${type} __s${bits};`,
    `typedef __u${bits} __be${bits};`,
  ]);
  const checks = cases.map((test) => {
    const tag = tagOf(test);
    const { codec, type } = test;
    const facts = [
      `sizeof(${tag}) == ${codec.size}`,
      `_Alignof(${tag}) == ${codec.align}`,
      ...offsets(type).map(([name, at]) => `__builtin_offsetof(${tag}, ${name}) == ${at}`),
    ].map((fact) => `_Static_assert(${fact}, "");`);
    return facts.join("\n");
  });
  return [...types, definitions(cases), ...checks].join("\n");
}

const CLANG = COMPILERS[1]!.options;

test("toC() gives clang the codec's sizes and offsets for BPF", CLANG, () => {
  checkC("clang", assertions(CASES), ["-target", "bpf"]);
});

test("toC() gives clang the codec's sizes and offsets for arm64", CLANG, () => {
  // On arm64 an unnamed bit-field aligns its struct (see padding()): leave such cases
  // out.
  const cases = CASES.filter(({ type }) => !hasUnnamed(type));
  assert.ok(cases.length > CASES.length / 2);
  checkC("clang", assertions(cases), ["-target", "aarch64-linux-gnu"]);
});
