import assert from "node:assert/strict";
import { test } from "node:test";
import { type CodeFile, rulesWithCalls } from "./call_sites.ts";
import { FrameRule, frameRule } from "./frame_rule.ts";

const [PT_LOAD, EXECUTABLE, READABLE] = [1, 5, 4];
const START = 0x1000;
const BY_RSP = frameRule(FrameRule.RSP, 1);

/** A file with one segment of code; reading it fails where `readable` is false. */
function fileOf(code: Uint8Array<ArrayBuffer>, { flags = EXECUTABLE, readable = true } = {}) {
  const reads: number[] = [];
  const file: CodeFile = {
    segments: [{ type: PT_LOAD, flags, offset: 0, address: START, size: code.length, align: 1 }],
    read(offset, length) {
      reads.push(length);
      if (!readable) throw new RangeError("it ends");
      return code.slice(offset, offset + length);
    },
  };
  return { file, reads };
}

/** For each of some adjacent pieces of code, whether return addresses may be in it. */
function withCalls(pieces: readonly (readonly number[])[], rule = BY_RSP): number[] {
  const addresses = Uint32Array.from(pieces, (_, i) => START + pieces.slice(0, i).flat().length);
  const { file } = fileOf(Uint8Array.from(pieces.flat()));
  return [...rulesWithCalls(file, { addresses, rules: addresses.map(() => rule) })];
}

const PUSH_RBP = [0x55];
const MOV_RSP_RBP = [0x48, 0x89, 0xe5];
const CALL_NEAR = [0xe8, 1, 2, 3, 4];
const CALL_RAX = [0xff, 0xd0];
const CALL_MEMORY = [0xff, 0x57, 0xf8];
const JUMP_RAX = [0xff, 0xe0];
const NOPS = Array<number>(40).fill(0x90);

test("rules of code with a call instruction apply to return addresses", () => {
  assert.deepEqual(withCalls([PUSH_RBP, CALL_NEAR, MOV_RSP_RBP, CALL_RAX, NOPS, CALL_MEMORY]), [
    ...[0, 1, 0, 1, 0, 1],
  ]);
  assert.deepEqual(withCalls([JUMP_RAX, [...NOPS, ...CALL_NEAR], [0xc3], [...CALL_RAX, 0xc3]]), [
    ...[0, 1, 0, 1],
  ]);
});

test("a call that ends behind a rule's code is none", () => {
  assert.deepEqual(withCalls([[0xe8, 1, 2, 3], [0x90, 0x90], [0xff], [0xd0, 0x90]]), [0, 0, 0, 0]);
});

test("rules of signal handlers, and of where stacks end, always apply", () => {
  for (const kind of [FrameRule.SIGNAL, FrameRule.END, FrameRule.STUB, FrameRule.UNSUPPORTED]) {
    assert.deepEqual(withCalls([PUSH_RBP, NOPS], frameRule(kind)), [1, 1]);
  }
});

test("calls are found in code that is read in many parts, each once", () => {
  const code = new Uint8Array(2 ** 20).fill(0x90);
  const addresses = Uint32Array.from({ length: 2 ** 20 / 64 }, (_, i) => START + i * 64);
  // At every place at which a part may end.
  const called = addresses.map((_, i) => i % 3 === 0 ? 1 : 0);
  called.forEach((is, i) => code.set(is ? CALL_RAX : PUSH_RBP, i * 64 + (i * 7) % 63));
  const { file, reads } = fileOf(code);
  const frames = { addresses, rules: addresses.map(() => BY_RSP) };
  assert.deepEqual([...rulesWithCalls(file, frames)], [...called]);
  assert(reads.reduce((sum, length) => sum + length, 0) < 2 ** 20 + 100, String(reads));
});

test("what is no code has no calls, and code that cannot be read may have some", () => {
  const frames = { addresses: Uint32Array.of(0, START), rules: Uint32Array.of(BY_RSP, BY_RSP) };
  const code = Uint8Array.from(CALL_NEAR);
  assert.deepEqual([...rulesWithCalls(fileOf(code).file, frames)], [0, 1]);
  assert.deepEqual([...rulesWithCalls(fileOf(code, { flags: READABLE }).file, frames)], [0, 0]);
  assert.deepEqual([...rulesWithCalls(fileOf(code, { readable: false }).file, frames)], [1, 1]);
});
