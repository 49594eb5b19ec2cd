import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Bpf, BpfError, removeXdp, u64 } from "../../mod.ts";
import { attachClsact } from "../../bpf/attach/tc.ts";
import { interfaceIndex } from "../../ffi/libc/socket.ts";
import { buildObject } from "../support/build.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { command, portOf, Tap, VethPair } from "../support/network.ts";
import { requires } from "../support/requires.ts";

const PORT = 7919;
const OTHER = 7907;

function load(): Bpf {
  return Bpf.load(buildObject("net.bpf.c"), { name: "net", globals: { port: PORT } });
}

for (const mode of [undefined, "generic", "native"] as const) {
  test(`attach XDP: counts exactly, and no more once detached, in ${mode ?? "default"} mode`, async () => {
    using pair = new VethPair();
    using far = new Tap(pair.far);
    using near = new Tap(pair.near);
    using bpf = load();
    const seen = bpf.global("seen", u64.asNumber);
    const options = mode && { mode };
    const link = bpf.program("xdp_count").attachXdp(pair.near, options);
    assert.equal(link.description, `${mode ? `${mode} ` : ""}XDP of ${pair.near}`);
    await far.sendAll(OTHER, 5, () => near.received(OTHER));
    assert.equal(seen.value, 0);
    await far.sendAll(PORT, 1009, () => near.received(PORT));
    assert.equal(seen.value, 1009);
    link.close();
    link.close();
    await far.sendAll(PORT, 5, () => near.received(PORT));
    assert.equal(seen.value, 1009);
  });
}

test("attach XDP: XDP_DROP drops, by interface index too", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using near = new Tap(pair.near);
  using bpf = load();
  const seen = bpf.global("seen", u64.asNumber);
  using _link = bpf.program("xdp_drop").attachXdp(interfaceIndex(pair.near));
  await far.sendAll(PORT, 1009, () => seen.value);
  await far.sendAll(OTHER, 7, () => near.received(OTHER));
  assert.equal(seen.value, 1009);
  assert.equal(near.received(PORT), 0);
});

test("attach XDP: what cannot be is said in a sentence", () => {
  using pair = new VethPair();
  using bpf = load();
  const program = bpf.program("xdp_count");
  assert.throws(
    () => program.attachXdp("tsb-none"),
    (error: Error) =>
      error instanceof BpfError && error.code === "ENODEV" &&
      /^Cannot attach program "xdp_count" to XDP of "tsb-none": .*: there is no such interface/
        .test(error.message),
  );
  assert.throws(() => program.attachXdp(0), isBpfError("ENODEV"));
  using _link = program.attachXdp(pair.near);
  assert.throws(
    () => bpf.program("xdp_drop").attachXdp(pair.near),
    isBpfError("EBUSY", `an interface has room for one: ip link show ${pair.near}`),
  );
  assert.throws(
    () => program.attachXdp(pair.far, { mode: "offload" }),
    (error: Error) => error instanceof BpfError,
  );
  assert.throws(() => bpf.program("tc_count").attachXdp(pair.far), isBpfError("EINVAL"));
});

test("removeXdp() removes what has no link, and says who holds what has one", () => {
  using pair = new VethPair();
  using bpf = load();
  const hasXdp = () => /\bxdp/.test(command("ip", "link", "show", pair.near));
  const pin = `/sys/fs/bpf/${pair.near}`;
  bpf.program("xdp_count").pin(pin);
  try {
    for (const [mode, flag] of [["native", "xdpdrv"], ["generic", "xdpgeneric"]] as const) {
      for (const asked of [undefined, { mode }]) {
        command("ip", "link", "set", "dev", pair.near, flag, "pinned", pin);
        assert.ok(hasXdp());
        removeXdp(pair.near, asked);
        assert.ok(!hasXdp());
      }
    }
  } finally {
    spawnSync("rm", [pin]);
  }
  removeXdp(pair.near);
  const link = bpf.program("xdp_count").attachXdp(pair.near);
  const held = (error: Error) => /\(EBUSY\): a link holds it: close the link/.test(error.message);
  assert.throws(() => removeXdp(pair.near), held);
  assert.ok(hasXdp());
  link.close();
  assert.ok(!hasXdp());
});

type Attach = (
  bpf: Bpf,
  program: string,
  name: string,
  direction: "ingress" | "egress",
) => Disposable;

const TC: Record<string, Attach> = {
  "attachTc()": (bpf, program, name, direction) => bpf.program(program).attachTc(name, direction),
  "the older way": (bpf, program, name, direction) => {
    const { fd } = bpf.program(program);
    const found = { name, index: interfaceIndex(name) };
    return attachClsact({ name: program, fd: () => fd }, found, direction, "tc");
  },
};

for (const [way, attach] of Object.entries(TC)) {
  test(`attach tc: counts both ways exactly, drops, and leaves nothing, by ${way}`, async () => {
    using pair = new VethPair();
    using far = new Tap(pair.far);
    using near = new Tap(pair.near);
    using bpf = load();
    const seen = bpf.global("seen", u64.asNumber);
    const qdiscs = () => command("tc", "qdisc", "show", "dev", pair.near).includes("clsact");
    {
      using _ingress = attach(bpf, "tc_count", pair.near, "ingress");
      using _egress = attach(bpf, "tc_count", pair.near, "egress");
      await far.sendAll(PORT, 1009, () => seen.value);
      await near.sendAll(PORT, 101, () => far.received(PORT));
      await far.sendAll(OTHER, 5, () => near.received(OTHER));
      assert.equal(seen.value, 1110);
      assert.equal(far.received(PORT), 101);
    }
    assert.equal(qdiscs(), false);
    await far.sendAll(PORT, 5, () => near.received(PORT));
    assert.equal(seen.value, 1110);

    using _drop = attach(bpf, "tc_drop", pair.near, "egress");
    await near.sendAll(PORT, 13, () => seen.value);
    await near.sendAll(OTHER, 7, () => far.received(OTHER));
    assert.equal(far.received(PORT), 101);
  });
}

test("attach tc: somebody else's qdisc stays", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using bpf = load();
  const seen = bpf.global("seen", u64.asNumber);
  command("tc", "qdisc", "add", "dev", pair.near, "clsact");
  TC["the older way"]!(bpf, "tc_count", pair.near, "ingress")[Symbol.dispose]();
  assert.match(command("tc", "qdisc", "show", "dev", pair.near), /clsact/);
  assert.equal(command("tc", "filter", "show", "dev", pair.near, "ingress"), "");
  using _link = TC["the older way"]!(bpf, "tc_count", pair.near, "ingress");
  await far.sendAll(PORT, 13, () => seen.value);
  assert.equal(seen.value, 13);
});

test("attach raw socket: only what the filter lets through is read, until it is closed", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using near = new Tap(pair.near);
  using bpf = load();
  const socket = bpf.program("filter").attachRawSocket(pair.near);
  const ports: (number | undefined)[] = [];
  const reading = (async () => {
    for await (const packet of socket) ports.push(portOf(packet));
  })();
  await far.sendAll(OTHER, 5, () => near.received(OTHER));
  await far.sendAll(PORT, 1009, () => ports.length);
  assert.equal(socket.dropped, 0);
  await far.sendAll(OTHER, 5, () => near.received(OTHER));
  socket.close();
  await reading;
  assert.deepEqual(ports, Array(1009).fill(PORT));
  assert.equal(bpf.global("seen", u64.asNumber).value, 1009);
  assert.equal(socket.read(), undefined);
});

test("attach raw socket: a filter cuts packets, and losses are counted", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using bpf = load();
  const seen = bpf.global("seen", u64.asNumber);
  using socket = bpf.program("first_bytes").attachRawSocket(pair.near);
  await far.sendAll(PORT, 1, () => seen.value);
  assert.equal(socket.read()?.length, 20);
  assert.equal(socket.read(), undefined);
  await far.sendAll(PORT, 1009, () => seen.value);
  let kept = 0;
  while (socket.read()) kept++;
  assert.ok(socket.dropped > 0);
  assert.equal(socket.dropped + kept, 1009);
  command("ip", "link", "set", pair.near, "down");
  assert.throws(() => socket.read(), isBpfError("ENETDOWN", "the interface went down"));
});

test("nothing is left of attached programs, nor after an error", () => {
  using pair = new VethPair();
  const index = String(interfaceIndex(pair.near));
  // Counts only packet sockets on our interface, whose index is in the fifth column (packet(7)).
  const sockets = () =>
    command("cat", "/proc/net/packet").split("\n")
      .filter((line) => line.trim().split(/\s+/)[4] === index);
  const cycle = () => {
    using bpf = load();
    bpf.program("xdp_count").attachXdp(pair.near);
    bpf.program("tc_count").attachTc(pair.near, "ingress");
    bpf.program("filter").attachRawSocket(pair.near);
    assert.equal(sockets().length, 1);
    assert.throws(() => bpf.program("xdp_count").attachRawSocket(pair.near), isBpfError("EINVAL"));
    assert.throws(() => bpf.program("xdp_count").attachTc(pair.near, "egress"), BpfError);
    assert.throws(() => bpf.program("xdp_count").attachXdp(pair.near), BpfError);
  };
  cycle();
  const before = held();
  for (let i = 0; i < 5; i++) cycle();
  assert.deepEqual(held(), before);
  assert.deepEqual(sockets(), []);
  assert.doesNotMatch(command("ip", "link", "show", pair.near), /xdp/);
  assert.doesNotMatch(command("tc", "qdisc", "show", "dev", pair.near), /clsact/);
});

test("sections without a target tell the method that asks for it", () => {
  using bpf = load();
  assert.throws(
    () => bpf.attach(),
    (error: Error) =>
      error instanceof TypeError &&
      error.message ===
        'Cannot attach program "xdp_count" where its section says: "xdp" names no target: attach ' +
          "it with attachXdp(interface)",
  );
  assert.throws(() => bpf.program("lwt").attach(), /pin it and name it to ip route/);
});

for (const first of [false, true]) {
  const title = `attach tc: ${first ? "before" : "behind"} what is there`;
  test(title, { skip: requires(title, "tcx") }, async () => {
    using pair = new VethPair();
    using far = new Tap(pair.far);
    using bpf = load();
    using other = load();
    const [dropped, passed] = [bpf, other].map((each) => each.global("seen", u64.asNumber));
    using _drop = bpf.program("tc_drop").attachTc(pair.near, "ingress");
    using _pass = other.program("tc_count").attachTc(pair.near, "ingress", { first });
    // The program that runs first decides: the second one does not run.
    await far.sendAll(PORT, 101, () => dropped!.value + passed!.value);
    assert.deepEqual([dropped!.value, passed!.value], first ? [0, 101] : [101, 0]);
  });
}
