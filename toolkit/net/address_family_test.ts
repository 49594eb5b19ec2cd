import assert from "node:assert/strict";
import { test } from "node:test";
import { requireVersions, versionOf } from "./address_family.ts";
import { familyOptions } from "./flow.ts";
import { parseAddress, parseSubnets, subnet } from "./subnets.ts";

test("versionOf() tells the IP version of all addresses of a subnet", () => {
  const versions = {
    "10.0.0.0/8": 4,
    "0.0.0.0/0": 4,
    "::ffff:10.0.0.1/128": 4,
    "::ffff:0:0/96": 4,
    "::ffff:0:0/95": undefined,
    "::/0": undefined,
    "::/64": undefined,
    "::1/128": 6,
    "::/96": 6,
    "2001:db8::/32": 6,
  };
  for (const [text, version] of Object.entries(versions)) {
    assert.equal(versionOf(parseSubnets(text)[0]![1]), version, text);
  }
});

test("requireVersions() refuses addresses that the family hides, or of two families", () => {
  const end = { meta: "ADDRESS", help: "" };
  const options = {
    ...familyOptions,
    from: subnet({ ...end, short: "s", long: "from" }),
    to: subnet({ ...end, short: "d", long: "to" }),
  };
  const reason = (family: "4" | "6" | "", from: string, to: string, mapped = false) => {
    const values = { ipv4: family === "4", ipv6: family === "6" };
    const addresses = { from: parseAddress(from), to: parseAddress(to) };
    try {
      requireVersions(options, values, addresses, { of: "packet", mapped });
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  assert.equal(reason("4", "", "::1"), "-4/--ipv4 hides the IPv6 address of -d/--to");
  assert.equal(reason("6", "127.0.0.1", ""), "-6/--ipv6 hides the IPv4 address of -s/--from");
  assert.equal(
    reason("", "127.0.0.1", "::1"),
    "-s/--from is an IPv4 address and -d/--to an IPv6 one: no packet has both",
  );
  const right = [["4", "127.0.0.1", "::ffff:127.0.0.1"], ["6", "::1", "::2"], [
    "",
    "",
    "",
  ]] as const;
  for (const [family, from, to] of right) assert.equal(reason(family, from, to), undefined);
  assert.equal(reason("6", "127.0.0.1", "", true), undefined);
});
