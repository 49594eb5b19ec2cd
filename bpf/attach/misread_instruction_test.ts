import assert from "node:assert/strict";
import { test } from "node:test";
import { misreadAs } from "./misread_instruction.ts";

const bytes = (text: string) => Uint8Array.from(text.split(" "), (byte) => parseInt(byte, 16));

/** Instructions as an assembler writes them, and what the kernel takes them for. */
const CASES: readonly (readonly [code: string, name: string, misread: string | undefined])[] = [
  ["c5 f1 74 06", "vpcmpeqb (%rsi),%xmm1,%xmm0", "a conditional jump"],
  ["c5 f8 77", "vzeroupper", "a conditional jump"],
  ["c5 f9 70 c1 4e", "vpshufd $0x4e,%xmm1,%xmm0", "a conditional jump"],
  ["c5 f9 7f 07", "vmovdqa %xmm0,(%rdi)", "a conditional jump"],
  ["c4 c1 71 74 00", "vpcmpeqb (%r8),%xmm1,%xmm0", "a conditional jump"],
  ["c4 e2 79 78 06", "vpbroadcastb (%rsi),%xmm0", "a conditional jump"],
  ["62 f2 7d 48 7a c6", "vpbroadcastb %esi,%zmm0", "a conditional jump"],
  ["62 e1 fe 48 7f 07", "vmovdqu64 %zmm16,(%rdi)", "a conditional jump"],
  ["c5 f8 90 0e", "kmovw (%rsi),%k1", "a nop"],
  ["62 f2 7d 49 90 04 16", "vpgatherdd (%rsi,%zmm2,1),%zmm0{%k1}", "a nop"],
  ["c4 e2 f1 9a 06", "vfmsub132pd (%rsi),%xmm1,%xmm0", "a far call"],
  ["c4 e2 f1 9d 06", "vfnmadd132sd (%rsi),%xmm1,%xmm0", "popf"],
  ["c5 f0 c2 06 04", "vcmpneqps (%rsi),%xmm1,%xmm0", "a return"],
  ["62 f1 74 48 c2 0e 04", "vcmpneqps (%rsi),%zmm1,%k1", "a return"],
  ["62 f2 7d 48 ca c1", "vrcp28ps %zmm1,%zmm0", "a return"],
  ["62 f2 75 08 cb c1", "vrcp28ss %xmm1,%xmm1,%xmm0", "a return"],
  ["c5 f1 e8 06", "vpsubsb (%rsi),%xmm1,%xmm0", "a call"],
  ["c5 f1 e9 06", "vpsubsw (%rsi),%xmm1,%xmm0", "a jump"],
  ["c5 f1 ea 06", "vpminsw (%rsi),%xmm1,%xmm0", "a far jump"],
  ["c5 f1 eb 06", "vpor (%rsi),%xmm1,%xmm0", "a jump"],
  ["64 c5 f1 eb 04 25 00 00 00 00", "vpor %fs:0,%xmm1,%xmm0", "a jump"],
  ["67 62 f1 7d 48 74 06", "vpcmpeqb (%esi),%zmm0,%k0", "a conditional jump"],
  ["49 90", "xchg %rax,%r8", "a nop"],
  ["41 90", "xchg %eax,%r8d", "a nop"],
  ["66 41 90", "xchg %ax,%r8w", "a nop"],
  ["62 f4 74 18 ff d0", "reserved: a call of EVEX map 4", "a call or jump"],
  ["8f e9 78 81 c0", "vfrczpd %xmm0,%xmm0 (XOP)", "another one (XOP)"],
  ["d5 88 74 06", "REX2, table of two bytes", "another one (APX)"],
  ["d5 18 89 05 00 00 00 00", "mov %r16,0(%rip)", "another one (APX)"],
  ["c5 f1", "cut", "another one (it is cut)"],
  ["62 f1 7d 48", "cut", "another one (it is cut)"],

  ["c5 f0 54 06", "vandps (%rsi),%xmm1,%xmm0", undefined],
  ["c5 f0 57 c9", "vxorps %xmm1,%xmm1,%xmm1", undefined],
  ["c5 f8 10 05 00 00 00 00", "vmovups 0(%rip),%xmm0", undefined],
  ["62 e1 7c 48 10 25 00 00 00 00", "vmovups 0(%rip),%zmm20", undefined],
  ["c5 f1 6f 06", "vmovdqa (%rsi),%xmm0: refused by the kernel", undefined],
  ["62 a1 fd 00 ef c0", "vpxorq: refused by the kernel", undefined],
  ["c4 e3 71 0f 06 03", "vpalignr $3,(%rsi),%xmm1,%xmm0", undefined],
  ["62 f4 7c 18 ff f0", "push2 %rax,%rax: /6 of map 4", undefined],
  ["d5 08 55", "pushp %rbp", undefined],
  ["55", "push %rbp", undefined],
  ["41 57", "push %r15", undefined],
  ["f3 0f 1e fa", "endbr64", undefined],
  ["74 05", "je", undefined],
  ["0f 84 00 00 00 00", "je", undefined],
  ["e8 00 00 00 00", "call", undefined],
  ["e9 00 00 00 00", "jmp", undefined],
  ["eb 05", "jmp", undefined],
  ["c3", "ret", undefined],
  ["f3 c3", "repz ret", undefined],
  ["9d", "popf", undefined],
  ["90", "nop", undefined],
  ["66 90", "xchg %ax,%ax", undefined],
  ["f3 90", "pause", undefined],
  ["48 90", "nop with REX.W", undefined],
  ["66 0f 74 c1", "pcmpeqb %xmm1,%xmm0", undefined],
  ["66 0f eb 06", "por (%rsi),%xmm0", undefined],
  ["8f 00", "pop (%rax)", undefined],
  ["8f 44 24 08", "pop 8(%rsp)", undefined],
  ["ff d0", "call *%rax", undefined],
];

for (const [code, name, misread] of CASES) {
  test(`misreadAs() of ${name} is ${misread ?? "undefined"}`, () => {
    assert.equal(misreadAs(bytes(code)), misread);
    // What follows the instruction does not matter.
    if (!name.includes("cut")) {
      assert.equal(
        misreadAs(bytes(`${code} c5 f1 eb 06`.split(" ").slice(0, 15).join(" "))),
        misread,
      );
    }
  });
}

test("misreadAs() of a VEX, EVEX opcode in any table is the same", () => {
  const bad = [
    ...[0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x7b, 0x7c, 0x7d, 0x7e],
    ...[0x7f, 0x90, 0x9a, 0x9d, 0xc2, 0xc3, 0xca, 0xcb, 0xe8, 0xe9, 0xea, 0xeb],
  ];
  for (let opcode = 0; opcode < 256; opcode++) {
    const isBad = bad.includes(opcode);
    for (
      const prefix of [[0xc5, 0xf1], [0xc4, 0xe1, 0x71], [0xc4, 0xe2, 0xf1], [0xc4, 0xe3, 0x71]]
    ) {
      assert.equal(misreadAs(Uint8Array.of(...prefix, opcode, 0x06)) !== undefined, isBad);
    }
    for (const map of [1, 2, 3, 4, 5, 6]) {
      const code = Uint8Array.of(0x62, 0xf0 + map, 0x7d, 0x48, opcode, 0x06);
      assert.equal(misreadAs(code) !== undefined, isBad, `map ${map}, opcode ${opcode}`);
    }
  }
});

test("misreadAs() in 32 bit code knows les, lds, bound, inc and aad", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["c5 70 74", undefined],
    ["c4 06 74", undefined],
    ["62 06 74 48 74", undefined],
    ["49 90", undefined],
    ["d5 88 74", undefined],
    ["c5 f1 74 06", "a conditional jump"],
    ["62 f1 7d 48 74 06", "a conditional jump"],
  ];
  for (const [code, misread] of cases) assert.equal(misreadAs(bytes(code), false), misread, code);
});

test("misreadAs() bears any bytes", () => {
  assert.equal(misreadAs(new Uint8Array()), undefined);
  assert.equal(misreadAs(new Uint8Array(15).fill(0x66)), undefined);
  let seed = 1;
  for (let i = 0; i < 20_000; i++) {
    const code = Uint8Array.from({ length: i % 16 }, () => {
      seed = seed * 1103515245 + 12345 & 0x7fffffff;
      return seed >> 16;
    });
    misreadAs(code);
  }
});
