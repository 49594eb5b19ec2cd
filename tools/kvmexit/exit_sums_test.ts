import assert from "node:assert/strict";
import { test } from "node:test";
import { exitReasonName } from "./exit_reasons.ts";
import { sumOf } from "./exit_sums.ts";

const EXITS = [
  { pid: 7, tid: 9, reason: "HLT", count: 3 },
  { pid: 7, tid: 8, reason: "HLT", count: 5 },
  { pid: 7, tid: 8, reason: "CPUID", count: 11 },
  { pid: 2, tid: 2, reason: "HLT", count: 1 },
];
const told = (keys: readonly ("pid" | "tid")[]) =>
  sumOf(EXITS, keys).map(({ pid, tid, reason, count }) => {
    return [...keys.map((key) => key === "pid" ? pid : tid), reason, count].join(" ");
  });

test("sumOf() sums exits by what is asked for, the most frequent first", () => {
  assert.deepEqual(told([]), ["CPUID 11", "HLT 9"]);
  assert.deepEqual(told(["tid"]), ["2 HLT 1", "8 CPUID 11", "8 HLT 5", "9 HLT 3"]);
  assert.deepEqual(told(["pid", "tid"]), ["2 2 HLT 1", "7 8 CPUID 11", "7 8 HLT 5", "7 9 HLT 3"]);
});

test("exitReasonName() knows the reasons of both kinds of processors", () => {
  assert.equal(exitReasonName(12, 1), "HLT");
  assert.equal(exitReasonName(0x8000_0021, 1), "INVALID_STATE");
  assert.equal(exitReasonName(0x78, 2), "HLT");
  assert.equal(exitReasonName(0xffffffff, 2), "INVALID_GUEST_STATE");
  assert.equal(exitReasonName(0xffff, 1), "0xffff");
});
