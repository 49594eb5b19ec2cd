import assert from "node:assert/strict";
import { test } from "node:test";
import { DnsNames } from "./dns_names.ts";

const HEADER = "123481800001000100000000";
const QUESTION = "016100" + "00010001"; // "a"

/** An answer that 10.0.I.J is called so. */
const answer = (i: number, name = QUESTION) =>
  Uint8Array.fromHex(
    HEADER + name + "c00c000100010000003c00040a00" + i.toString(16).padStart(4, "0"),
  );
const flow = (remote: string) => ({ remote });
const told = (pid: number, i: number, time: number) => ({
  ...{ time, stream: 0n, pid, unused: 0 },
  bytes: answer(i),
});

test("DnsNames finds what a process was told last, mapped addresses too, and no other process", () => {
  using names = new DnsNames();
  names.learn(told(7, 1, 1));
  names.learn(told(7, 1, 2));
  assert.deepEqual(names.find(7, flow("10.0.0.1"), 1e9), { name: "a", time: 2 });
  assert.deepEqual(names.find(7, flow("::ffff:10.0.0.1"), 1e9), { name: "a", time: 2 });
  assert.equal(names.find(8, flow("10.0.0.1"), 1e9), undefined);
  assert.equal(names.find(7, flow("10.0.0.2"), 1e9), undefined);
});

test("DnsNames reads streams in pieces", () => {
  using names = new DnsNames();
  const message = Uint8Array.from([0, answer(9).length, ...answer(9)]);
  for (const part of [message.slice(0, 2), message.slice(2, 11), message.slice(11)]) {
    names.learn({ time: 5, stream: 77n, pid: 7, unused: 0, bytes: part });
  }
  assert.deepEqual(names.find(7, flow("10.0.0.9"), 1e9), { name: "a", time: 5 });
});

test("DnsNames forgets the oldest of too many", () => {
  using names = new DnsNames();
  for (let i = 0; i <= 10240; i++) names.learn(told(7, i, i));
  assert.equal(names.find(7, flow("10.0.0.0"), 1e9), undefined);
  assert.equal(names.find(7, flow("10.0.0.1"), 1e9)?.time, 1);
});
