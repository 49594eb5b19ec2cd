/** The maps through which XDP programs send packets elsewhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, u32, u64 } from "../../mod.ts";
import { interfaceIndex } from "../../ffi/libc/socket.ts";
import { buildObject } from "../support/build.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { Tap, VethPair } from "../support/network.ts";
import { openXdpSocket } from "../support/sockets.ts";

const PORT = 7919;
const OTHER = 7907;

/**
 * Loads the object and attaches a program to one end of a veth pair, with packet sockets on both
 * ends.
 */
function setUp(stack: DisposableStack, program: string) {
  const pair = stack.use(new VethPair());
  const far = stack.use(new Tap(pair.far));
  const near = stack.use(new Tap(pair.near));
  const bpf = stack.use(
    Bpf.load(buildObject("net.bpf.c"), { name: "net", globals: { port: PORT } }),
  );
  bpf.program(program).attachXdp(pair.near, { mode: "generic" });
  const counts = () => ["seen", "redirected"].map((name) => bpf.global(name, u64.asNumber).value);
  return { pair, far, near, bpf, counts };
}

test("DEVMAP: packets go out of the interface that is in it, and pass when none is", async () => {
  using stack = new DisposableStack();
  const { pair, far, near, bpf, counts } = setUp(stack, "to_device");
  const devices = bpf.map("devices", u32, u32);
  assert.deepEqual([...devices], []);
  await far.sendAll(PORT, 7, () => near.received(PORT));
  assert.deepEqual(counts(), [7, 0]);

  const index = interfaceIndex(pair.near);
  devices.set(0, index);
  assert.deepEqual([...devices], [[0, index]]);
  await far.sendAll(PORT, 1009, () => far.received(PORT));
  assert.deepEqual(counts(), [1016, 1009]);
  assert.equal(near.received(PORT), 7);

  assert.equal(devices.delete(0), true);
  await far.sendAll(PORT, 5, () => near.received(PORT));
  assert.deepEqual(counts(), [1021, 1009]);
  assert.equal(far.received(PORT), 1009);
  assert.throws(() => devices.set(1, 2 ** 31 - 1), isBpfError("EINVAL"));
  assert.throws(() => devices.set(2, index), isBpfError("E2BIG"));
});

test("CPUMAP: packets pass through the CPU that is in it", async () => {
  using stack = new DisposableStack();
  const { far, near, bpf, counts } = setUp(stack, "to_cpu");
  const cpus = bpf.map("cpus", u32, u32);
  cpus.set(0, 192);
  assert.deepEqual([...cpus], [[0, 192]]);
  await far.sendAll(PORT, 1009, () => near.received(PORT));
  assert.deepEqual(counts(), [1009, 1009]);
  cpus.delete(0);
  await far.sendAll(PORT, 5, () => near.received(PORT));
  assert.deepEqual(counts(), [1014, 1009]);
});

test("XSKMAP: packets go to the AF_XDP socket that is in it, and are not told to readers", async () => {
  using stack = new DisposableStack();
  const { far, near, bpf, counts } = setUp(stack, "to_socket");
  const sockets = bpf.map("sockets", u32, u32);
  using socket = openXdpSocket();
  sockets.set(0, socket.fd);
  await far.sendAll(PORT, 1009, () => counts()[1]!);
  await far.sendAll(OTHER, 5, () => near.received(OTHER));
  assert.equal(near.received(PORT), 0);
  assert.throws(() => sockets.get(0), isBpfError("EOPNOTSUPP", "with a XSKMAP map"));
  assert.equal(sockets.delete(0), true);
  await far.sendAll(PORT, 5, () => near.received(PORT));
  assert.deepEqual(counts(), [1014, 1009]);
  assert.throws(() => sockets.set(0, 0), /Cannot update map "sockets"/);
});
