import assert from "node:assert/strict";
import { test } from "node:test";
import { DnsCache, parseDnsAnswer } from "./dns.ts";

const u16 = (value: number) => [value >> 8, value & 255];
const name = (text: string) => [
  ...text.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]),
  0,
];
const record = (owner: number[], type: number, data: number[]) => [
  ...owner,
  ...u16(type),
  ...u16(1),
  ...[0, 0, 0, 60],
  ...u16(data.length),
  ...data,
];
const QUESTION = [192, 12]; // a pointer to the question's name

function message(records: number[][], { flags = 0x8180, questions = 1 } = {}) {
  const header = [0x12, 0x34, ...u16(flags), ...u16(questions), ...u16(records.length), 0, 0, 0, 0];
  return Uint8Array.from([...header, ...name("www.example.com"), 0, 1, 0, 1, ...records.flat()]);
}

const alias = record(QUESTION, 5, name("cdn.example.net"));
const a = record(name("cdn.example.net"), 1, [192, 0, 2, 7]);
const aaaa = record(QUESTION, 28, [0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 1]);

test("parseDnsAnswer() reads the question's name and all addresses", () => {
  assert.deepEqual(parseDnsAnswer(message([alias, a, aaaa])), {
    name: "www.example.com",
    addresses: ["192.0.2.7", "2001:db8::1"],
  });
  assert.deepEqual(parseDnsAnswer(message([])), { name: "www.example.com", addresses: [] });
});

test("parseDnsAnswer() keeps what is whole of an answer that was cut off", () => {
  const whole = message([a, aaaa]);
  for (let length = 0; length < whole.length; length++) {
    const found = parseDnsAnswer(whole.slice(0, length))?.addresses ?? [];
    assert.ok(found.length < 2 && ["192.0.2.7", undefined].includes(found[0]), String(length));
  }
});

test("parseDnsAnswer() takes neither questions nor other bytes for answers", () => {
  assert.equal(parseDnsAnswer(message([a], { flags: 0x0100 })), undefined);
  assert.equal(parseDnsAnswer(message([a], { questions: 2 })), undefined);
  assert.equal(parseDnsAnswer(new Uint8Array(0)), undefined);
  assert.equal(parseDnsAnswer(new Uint8Array(64).fill(0x3f)), undefined);
});

test("DnsCache finds the last name, and forgets the oldest of too many", () => {
  const cache = new DnsCache();
  const of = (i: number) => record(QUESTION, 1, [10, 0, i >> 8, i & 255]);
  cache.learn(message([of(0)]), 1);
  cache.learn(message([of(1)]), 2);
  cache.learn(message([of(0)]), 3);
  assert.deepEqual(cache.find("10.0.0.0"), { name: "www.example.com", time: 3 });
  assert.equal(cache.find("10.0.9.9"), undefined);
  for (let i = 2; i < 10240; i++) cache.learn(message([of(i)]), i);
  assert.equal(cache.find("10.0.0.1")?.time, 2);
  cache.learn(message([of(10240)]), 4);
  assert.equal(cache.find("10.0.0.1"), undefined);
  assert.equal(cache.find("10.0.0.0")?.time, 3);
});
