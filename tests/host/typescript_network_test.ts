import assert from "node:assert/strict";
import { test } from "node:test";
import { hash, kernel, type Packet, socketFilter, tc, xdp } from "../../kernel.ts";
import { Bpf, u32, u64 } from "../../mod.ts";
import { portOf, Tap, VethPair } from "../support/network.ts";

const PORT = 7919;
const OTHER = 7907;
const globals = { port: u32, seen: u64, bytes: u64, beyond: u64, odd: u64 };

test("XDP programs read packets and drop them", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using near = new Tap(pair.near);
  const code = kernel({ maps: { ports: hash(u32, u64) }, globals }, {
    drop: xdp({ interface: pair.near }, (packet, out) => {
      if (packet.u16(12) !== 0x0800) return;
      const port = packet.u16(14n + BigInt((packet.u8(14) ?? 0) & 15) * 4n + 2n);
      if (port === undefined) return "aborted";
      out.ports.increment(port);
      if (packet.u8(packet.length) === undefined && packet.u32(9000) === undefined) {
        out.beyond += 1n;
      }
      if (packet.u8(packet.length - 1) !== undefined) out.bytes += BigInt(packet.length);
      if (packet.u64(30n) === undefined || packet.u32(26) !== 0xc6336401) out.odd += 1n;
      return port === out.port ? "drop" : "pass";
    }),
  });
  using bpf = Bpf.load(code, { globals: { port: PORT } });
  bpf.attach();
  const seen = (port: number) => Number(bpf.map("ports").get(port) ?? 0n);
  await far.sendAll(PORT, 101, () => seen(PORT));
  await far.sendAll(OTHER, 7, () => near.received(OTHER));
  assert.deepEqual([seen(PORT), seen(OTHER)], [101, 7]);
  assert.equal(near.received(PORT), 0);
  assert.equal(bpf.global("beyond").value, 108n);
  assert.equal(bpf.global("bytes").value, 108n * 42n);
  assert.equal(bpf.global("odd").value, 0n);
});

/** The same in traffic control, for each direction. */
for (const direction of ["ingress", "egress"] as const) {
  test(`classifiers read packets and shoot them: ${direction}`, async () => {
    using pair = new VethPair();
    using far = new Tap(pair.far);
    using near = new Tap(pair.near);
    const code = kernel({ globals }, {
      shoot: tc(
        { interface: direction === "ingress" ? pair.near : pair.far, direction },
        (packet, out) => {
          if (packet.u16(12) !== 0x0800) return;
          if (packet.u16(36) !== out.port) return "ok";
          if (packet.u32(packet.length - 3) === undefined && packet.u8(1n << 40n) === undefined) {
            out.beyond += 1n;
          }
          if (packet.interface === 0) out.odd += 1n;
          out.seen += 1n;
          out.bytes += packet.u8(packet.length - 1) === undefined ? 0n : 42n;
          return "shot";
        },
      ),
    });
    using bpf = Bpf.load(code, { globals: { port: PORT } });
    bpf.attach();
    const seen = () => Number(bpf.global("seen").value);
    await far.sendAll(PORT, 101, seen);
    await far.sendAll(OTHER, 7, () => near.received(OTHER));
    // Taps see what arrives before the classifiers do, and what leaves after them.
    assert.equal(near.received(PORT), direction === "ingress" ? 101 : 0);
    assert.equal(bpf.global("beyond").value, 101n);
    assert.equal(bpf.global("bytes").value, 101n * 42n);
    assert.equal(bpf.global("odd").value, 0n);
  });
}

test("socket filters choose packets, and how much of them", async () => {
  using pair = new VethPair();
  using far = new Tap(pair.far);
  using near = new Tap(pair.near);
  const wanted = (packet: Packet, out: { port: number }) => {
    const protocol = packet.u8(23) ?? 0;
    if (packet.u16(12) !== 0x0800 || protocol !== 17) return 0;
    return packet.u16(36) === out.port ? 40 : 0;
  };
  const code = kernel({ globals: { port: u32 } }, { filter: socketFilter(wanted) });
  using bpf = Bpf.load(code, { globals: { port: PORT } });
  using socket = bpf.program("filter").attachRawSocket(pair.near);
  const ports: (number | undefined)[] = [];
  const lengths = new Set<number>();
  const read = () => {
    for (let packet = socket.read(); packet; packet = socket.read()) {
      lengths.add(packet.length);
      const whole = new Uint8Array(42);
      whole.set(packet);
      ports.push(portOf(whole));
    }
    return ports.length;
  };
  await far.sendAll(OTHER, 7, () => near.received(OTHER));
  await far.sendAll(PORT, 11, read);
  assert.deepEqual(ports, Array(11).fill(PORT));
  assert.deepEqual([...lengths], [40]);
});

test("what becomes of a packet is told by one of few words", () => {
  const wrong = kernel({}, { drop: xdp(undefined, () => "dropp" as "drop") });
  assert.throws(() => Bpf.load(wrong), {
    message: /return one of "pass", "drop", "tx", "aborted": this is what becomes of the packet/,
  });
  const unknown = kernel({}, {
    drop: xdp(undefined, (packet) => (packet as { ttl?: "drop" }).ttl),
  });
  assert.throws(() => Bpf.load(unknown), {
    message: /packets have no field "ttl": they have length, interface, u8, u16, u32, u64/,
  });
});
