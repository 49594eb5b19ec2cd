import assert from "node:assert/strict";
import { test } from "node:test";
import { ipv4, ipv6 } from "./ip_address.ts";

const memory = () => new DataView(new ArrayBuffer(17));

test("ipv4 stores the first number first", () => {
  const view = memory();
  ipv4.write(view, 1, "192.168.0.255");
  assert.deepEqual([...new Uint8Array(view.buffer, 1, 4)], [192, 168, 0, 255]);
  assert.equal(ipv4.read(view, 1), "192.168.0.255");
});

test("ipv4.write() refuses what is no address", () => {
  for (const text of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.x", " 1.2.3.4"]) {
    assert.throws(() => ipv4.write(memory(), 0, text), {
      name: "RangeError",
      message: `Cannot write ${JSON.stringify(text)} to ipv4: ` +
        "expected an IPv4 address such as 127.0.0.1",
    });
  }
  assert.throws(() => ipv4.write(memory(), 0, 1 as never), TypeError);
});

// RFC 5952, sections 4 and 5, and the edges of both.
const CANONICAL: readonly [string, string][] = [
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["2001:0db8::0001", "2001:db8::1"],
  ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:DB8::ABCD", "2001:db8::abcd"],
  ["1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"],
  ["0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
  ["::ffff:c000:201", "::ffff:192.0.2.1"],
  ["::192.0.2.1", "::c000:201"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
  ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
];

for (const [written, read] of CANONICAL) {
  test(`ipv6 reads ${written} as ${read}`, () => {
    const view = memory();
    ipv6.write(view, 1, written);
    assert.equal(ipv6.read(view, 1), read);
  });
}

test("ipv6 stores its bytes in network order", () => {
  const view = memory();
  ipv6.write(view, 0, "2001:db8::ff");
  const bytes = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff];
  assert.deepEqual([...new Uint8Array(view.buffer, 0, 16)], bytes);
});

test("ipv6.write() refuses what is no address", () => {
  const texts = ["", ":", "1", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::12345"];
  const more = [
    ":1::",
    "1:2:3:4:5:6:7::8",
    "::g",
    "fe80::1%eth0",
    "1.2.3.4",
    "1.2.3.4::",
    "::1.2.3",
  ];
  for (const text of [...texts, ...more, "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "1:", "::1:"]) {
    assert.throws(() => ipv6.write(memory(), 0, text), RangeError, text);
  }
  assert.throws(() => ipv6.write(memory(), 0, undefined as never), {
    name: "TypeError",
    message: "Cannot write undefined to ipv6: expected an IPv6 address",
  });
});
