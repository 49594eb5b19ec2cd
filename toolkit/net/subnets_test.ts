import assert from "node:assert/strict";
import { test } from "node:test";
import { pretend } from "../../tests/support/machine.ts";
import { parseOptions } from "../options/options.ts";
import { parseSubnets, subnet } from "./subnets.ts";

const hex = (words: readonly bigint[]) =>
  words.map((word) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, word, true);
    return view.getBigUint64(0).toString(16).padStart(16, "0");
  }).join(":");

test("parseSubnets() keeps IPv4 as mapped addresses, and clears what the mask leaves out", () => {
  const parsed = parseSubnets("10.11.12.13/8,0.0.0.0/0,192.0.2.1/32,2001:db8:ffff::1/33,::/0");
  assert.deepEqual(parsed.map(([text, { network, mask }]) => [text, hex(network), hex(mask)]), [
    ["10.11.12.13/8", "0000000000000000:0000ffff0a000000", "ffffffffffffffff:ffffffffff000000"],
    ["0.0.0.0/0", "0000000000000000:0000ffff00000000", "ffffffffffffffff:ffffffff00000000"],
    ["192.0.2.1/32", "0000000000000000:0000ffffc0000201", "ffffffffffffffff:ffffffffffffffff"],
    [
      "2001:db8:ffff::1/33",
      "20010db880000000:0000000000000000",
      "ffffffff80000000:0000000000000000",
    ],
    ["::/0", "0000000000000000:0000000000000000", "0000000000000000:0000000000000000"],
  ]);
});

test("parseSubnets() refuses what is no subnet", () => {
  const wrong = [
    "",
    "10.0.0.0",
    "10.0.0/8",
    "10.0.0.0/33",
    "::1/129",
    "x/8",
    "10.0.0.0/-1",
    "1.2.3.4/8,",
  ];
  for (const text of wrong) assert.throws(() => parseSubnets(text), /expected subnets such as/);
  const many = Array<string>(65).fill("10.0.0.0/8").join();
  assert.throws(() => parseSubnets(many), /expected at most 64 subnets, found 65/);
});

test("subnet() is an option that takes addresses as well, and any by default", () => {
  const options = { address: subnet({ long: "address", meta: "ADDRESS", help: "" }) };
  const read = (...words: string[]) => parseOptions(options, words, pretend()).address;
  const one = (text: string) => parseSubnets(text)[0]![1];
  assert.deepEqual(read("--address", "192.0.2.1"), one("192.0.2.1/32"));
  assert.deepEqual(read("--address", "2001:db8::1"), one("2001:db8::1/128"));
  assert.deepEqual(read("--address", "192.0.2.7/24"), one("192.0.2.7/24"));
  assert.deepEqual(read(), one("::/0"));
  assert.throws(() => read("--address", "example.org"), /expected subnets such as/);
});
