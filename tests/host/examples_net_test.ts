// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleCommand, interrupt, startExample } from "../support/example.ts";
import { Tap, until, VethPair } from "../support/network.ts";
import { run } from "../support/process.ts";

const PORT = 7919;
const OTHER = 7907;
/** An IP protocol number for experiments (RFC 3692), which no other program uses. */
const EXPERIMENTAL = 253;

test("examples/xdp_drop_count.ts counts packets exactly and drops what it is asked to", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using near = new Tap(pair.near);
  {
    await using example = await startExample("xdp_drop_count.ts", pair.near);
    await far.sendAll(PORT, 1009, () => near.received(PORT));
    assert.match(await interrupt(example), /\n {3}PACKETS PROTOCOL\n {6}1009 udp\n$/);
  }
  await using example = await startExample("xdp_drop_count.ts", pair.near, "udp");
  for (let i = 0; i < 13; i++) far.send(PORT);
  far.send(OTHER, EXPERIMENTAL);
  await until(() => near.received(OTHER) === 1);
  assert.equal(near.received(PORT), 1009);
  assert.match(await interrupt(example), /\n {8}13 udp, dropped\n {9}1 253\n$/);
});

test("examples/socket_filter.ts prints the datagrams of one port", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  await using example = await startExample("socket_filter.ts", pair.near, String(PORT));
  for (let i = 0; i < 101; i++) {
    far.send(PORT);
    far.send(OTHER);
  }
  await example.find("stdout", /(.*\n){101}/);
  const line = `198.51.100.1:0 > 198.51.100.2:${PORT}, 0 bytes\n`;
  assert.equal(await interrupt(example), line.repeat(101));
});

test("examples of the network say how they are used", async () => {
  for (
    const [command, usage] of [
      [exampleCommand("xdp_drop_count.ts"), /^Usage: xdp_drop_count.ts INTERFACE \[.*\]\n$/],
      [exampleCommand("xdp_drop_count.ts", "lo", "nothing"), /^Usage: /],
      [exampleCommand("socket_filter.ts", "lo"), /^Usage: socket_filter.ts INTERFACE PORT\n$/],
    ] as const
  ) {
    const { status, stdout, stderr } = await run(command);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, usage);
  }
});
