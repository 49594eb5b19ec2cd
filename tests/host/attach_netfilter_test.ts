import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { Bpf, u64 } from "../../mod.ts";
import { buildObject } from "../support/build.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { requires } from "../support/requires.ts";

/**
 * Sends datagrams to two ports; returns how many arrived at the first when all to the second have
 * arrived.
 */
async function arrivals(
  sent: readonly number[],
  ports: readonly [number, number],
): Promise<number> {
  const [receivers, sender] = [ports.map(() => createSocket("udp4")), createSocket("udp4")];
  const counts = ports.map(() => 0);
  try {
    await Promise.all(receivers.map((receiver, i) => {
      receiver.on("message", () => counts[i]!++);
      receiver.bind(ports[i], "127.0.0.1");
      return once(receiver, "listening");
    }));
    for (const port of sent) {
      await new Promise((done) => sender.send("x", port, "127.0.0.1", done));
    }
    const wanted = sent.filter((port) => port === ports[1]).length;
    while (counts[1]! < wanted) await once(receivers[1]!, "message");
    return counts[0]!;
  } finally {
    await Promise.all([...receivers, sender].map((socket) => {
      const closed = once(socket, "close");
      socket.close();
      return closed;
    }));
  }
}

const [PORT, OTHER] = [7927, 7933];

const DROPS = "attach netfilter: drops exactly one port's packets until it is closed";
test(
  DROPS,
  { skip: requires(DROPS, "netfilter") },
  async () => {
    const before = held();
    {
      using bpf = Bpf.load(buildObject("netfilter.bpf.c"), { globals: { port: PORT } });
      const dropped = bpf.global("dropped", u64.asNumber);
      const sent = [PORT, OTHER, PORT, PORT, OTHER, PORT, PORT, OTHER];
      const link = bpf.program("drop").attachNetfilter({ family: "ipv4", hook: "local-in" });
      assert.equal(link.description, "netfilter ipv4 local-in");
      assert.equal(link.info.type, "NETFILTER");
      assert.equal(await arrivals(sent, [PORT, OTHER]), 0);
      assert.equal(dropped.value, 5);
      assert.throws(
        () => bpf.program("drop").attachNetfilter({ family: "ipv4", hook: "local-in" }),
        isBpfError("EBUSY", "another program has priority -128 there: choose another"),
      );
      link.close();
      assert.equal(await arrivals(sent, [PORT, OTHER]), 5);
      assert.equal(dropped.value, 5);
      const program = bpf.program("drop");
      for (const priority of [NaN, 1.5, 2 ** 31, -(2 ** 31)]) {
        assert.throws(
          () => program.attachNetfilter({ family: "ipv6", hook: "forward", priority }),
          RangeError,
        );
      }
    }
    assert.deepEqual(held(), before);
  },
);
