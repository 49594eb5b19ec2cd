import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDnsAnswer } from "./dns_message.ts";

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

function message(
  records: number[][],
  { flags = 0x8180, questions = 1, asked = "www.example.com" } = {},
) {
  const header = [0x12, 0x34, ...u16(flags), ...u16(questions), ...u16(records.length), 0, 0, 0, 0];
  return Uint8Array.from([...header, ...name(asked), 0, 1, 0, 1, ...records.flat()]);
}

const alias = record(QUESTION, 5, name("cdn.example.net"));
const a = record(name("cdn.example.net"), 1, [192, 0, 2, 7]);
const aaaa = record(QUESTION, 28, [0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 1]);

test("parseDnsAnswer() reads the question's name and all addresses", () => {
  const asked = "www.example.com";
  assert.deepEqual(parseDnsAnswer(message([alias, a, aaaa])), {
    name: asked,
    names: new Map([["192.0.2.7", asked], ["2001:db8::1", asked]]),
  });
  assert.deepEqual(parseDnsAnswer(message([])), { name: asked, names: new Map() });
});

test("parseDnsAnswer() keeps what is whole of an answer that was cut off", () => {
  const whole = message([a, aaaa]);
  for (let length = 0; length < whole.length; length++) {
    const found = [...parseDnsAnswer(whole.slice(0, length))?.names.keys() ?? []];
    assert.ok(found.length < 2 && ["192.0.2.7", undefined].includes(found[0]), String(length));
  }
});

test("parseDnsAnswer() takes neither questions nor other bytes for answers", () => {
  assert.equal(parseDnsAnswer(message([a], { flags: 0x0100 })), undefined);
  assert.equal(parseDnsAnswer(message([a], { questions: 2 })), undefined);
  assert.equal(parseDnsAnswer(new Uint8Array(0)), undefined);
  assert.equal(parseDnsAnswer(new Uint8Array(64).fill(0x3f)), undefined);
});

test("parseDnsAnswer() reads the names of addresses, of both versions, through pointers", () => {
  // "a.", then a pointer to "example.com" in a name that came before.
  const target = [1, 0x61, 192, 12];
  const four = message([record(QUESTION, 12, target)], { asked: "7.2.0.192.in-addr.arpa" });
  assert.deepEqual([...parseDnsAnswer(four)!.names], [["192.0.2.7", "a.7.2.0.192.in-addr.arpa"]]);
  const six = message([record(QUESTION, 12, name("host.example.net"))], {
    asked: `1.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`,
  });
  assert.deepEqual([...parseDnsAnswer(six)!.names], [["2001:db8::1", "host.example.net"]]);
});

test("parseDnsAnswer() does not follow pointers that lead in a circle", () => {
  const circle = message([record(QUESTION, 12, [192, 12])], { asked: "7.2.0.192.in-addr.arpa" });
  circle.set([192, 12], 12);
  assert.equal(parseDnsAnswer(circle), undefined);
});
