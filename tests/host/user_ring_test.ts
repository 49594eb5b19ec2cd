import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, LayoutError, struct, u32, u64 } from "../../mod.ts";
import { buildObject } from "../support/build.ts";
import { callGetppid } from "../support/calls.ts";
import { requires } from "../support/requires.ts";

const Numbers = struct("record", { number: u64.asNumber, more: u32 });
/** How many records fit into the ring: each has 16 bytes and a header of 8 bytes. */
const ROOM = Math.floor(4096 / 24);

const load = () =>
  Bpf.load(buildObject("user_ring.bpf.c"), { globals: { target_pid: process.pid } });

const ORDER = "UserRingBuffer passes values to a program, each once and in order";
test(
  ORDER,
  { skip: requires(ORDER, "userRing") },
  () => {
    using bpf = load();
    using ring = bpf.userRingBuffer("numbers", Numbers);
    const [sum, count] = [bpf.global("sum", u64.asNumber), bpf.global("count", u64.asNumber)];
    bpf.attach();
    let expected = 0;
    let pushed = 0;
    // Wraps around the ring many times, by amounts that do not divide its size.
    for (let round = 0; round < 101; round++) {
      for (let i = 0; i < 13; i++, pushed++) {
        assert.equal(ring.push({ number: pushed * 2 ** 20, more: i }), true);
        expected += pushed * 2 ** 20 + i;
      }
      callGetppid(1);
      assert.deepEqual([sum.value, count.value], [expected, pushed]);
    }
    callGetppid(3);
    assert.equal(count.value, pushed);
  },
);

const FULL = "UserRingBuffer says when it is full, and goes on when there is room";
test(
  FULL,
  { skip: requires(FULL, "userRing") },
  () => {
    using bpf = load();
    const ring = bpf.userRingBuffer("numbers", Numbers);
    const count = bpf.global("count", u64.asNumber);
    const one = { number: 1, more: 0 };
    let pushed = 0;
    while (ring.push(one)) pushed++;
    assert.equal(pushed, ROOM);
    bpf.attach();
    callGetppid(1);
    assert.equal(count.value, ROOM);
    assert.equal(ring.push(one), true);
    callGetppid(1);
    assert.equal(count.value, ROOM + 1);
    ring.close();
    ring.close();
    assert.throws(() => ring.push(one));
    assert.throws(
      () => bpf.userRingBuffer("numbers", struct("record", { other: u64 })),
      LayoutError,
    );
    assert.throws(() => bpf.map("numbers"), /open it with userRingBuffer\(\)/);
  },
);
