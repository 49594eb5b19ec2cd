import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSpec } from "./spec.ts";

const plain = { member: undefined, comparison: undefined, compared: 0n };

test("parseSpec() reads functions and what to show of them", () => {
  assert.deepEqual(parseSpec("ip_rcv"), { name: "ip_rcv", wanted: undefined });
  assert.deepEqual(parseSpec("ip_rcv()"), { name: "ip_rcv", wanted: undefined });
  assert.deepEqual(parseSpec(" f.isra.0( skb -> len > 128, dev,return>=-0x10 )"), {
    name: "f.isra.0",
    wanted: [
      { argument: "skb", member: "len", comparison: ">", compared: 128n },
      { ...plain, argument: "dev" },
      { argument: "return", member: undefined, comparison: ">=", compared: -16n },
    ],
  });
});

test("parseSpec() refuses what is none, in one sentence", () => {
  for (
    const [word, reason] of [
      ["", /expected FUNCTION or /],
      ["f(", /expected FUNCTION or /],
      ["f(a->b->c)", /expected ARGUMENT, /],
      ["f(a > b)", /expected ARGUMENT, /],
      ["f(a,,b)", /found ""/],
      ["f(a,b,c,d,e,f,g)", /at most 6/],
      ["f(a == 18446744073709551616)", /more than 64 bits/],
    ] as const
  ) {
    assert.throws(() => parseSpec(word), reason, word);
  }
});
