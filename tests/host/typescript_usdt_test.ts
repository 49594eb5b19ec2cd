import assert from "node:assert/strict";
import { test } from "node:test";
import { hash, kernel, usdt, userString } from "../../kernel.ts";
import { array, Bpf, chars, i64, u64 } from "../../mod.ts";
import { buildLocations, buildUsdt, KINDS, UsdtProcess } from "../support/usdt.ts";

for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
  test(`USDT programs read arguments wherever they are: ${kind}`, async () => {
    const path = buildUsdt(kind);
    const globals = { calls: u64, widths: array(i64, 8), twelve: array(i64, 12), twice: i64 };
    const code = kernel({ globals }, {
      widths: usdt({ path, name: "test:widths" }, ({ args }, out) => {
        out.calls += 1n;
        out.widths[0] = args[0]!;
        out.widths[1] = args[1]!;
        out.widths[2] = args[2]!;
        out.widths[3] = args[3]!;
        out.widths[4] = args[4]!;
        out.widths[5] = args[5]!;
        out.widths[6] = args[6]!;
        out.widths[7] = args[7]!;
      }),
      twice: usdt({ path, name: "test:twice" }, ({ args: [value] }, out) => {
        out.twice += value!;
      }),
    });
    await using process = await UsdtProcess.start(kind);
    using bpf = Bpf.load(code);
    bpf.attach();
    await process.fire(101);
    assert.equal(bpf.global("calls").value, 101n);
    assert.deepEqual(bpf.global("widths").value, [
      -101n,
      201n,
      -30001n,
      60001n,
      -2000000001n,
      4000000001n,
      -9000000000000000001n,
      18000000000000000001n - 2n ** 64n,
    ]);
    assert.equal(bpf.global("twice").value, 101n * (17n - 19n));
  });
}

test("USDT programs know where they are when each location has its arguments elsewhere", async () => {
  const path = buildLocations();
  const code = kernel({ maps: { signs: hash(i64, i64), widths: hash(i64, i64) } }, {
    signs: usdt({ path, name: "locations:signs" }, ({ args: [value, location] }, { signs }) => {
      signs.set(location!, value!);
    }),
    widths: usdt({ path, name: "locations:widths" }, ({ args }, { widths }) => {
      widths.set(args[0]!, args[1]!);
    }),
  });
  await using process = await UsdtProcess.startLocations();
  using bpf = Bpf.load(code);
  bpf.attach();
  await process.fire(3);
  const entries = (name: "signs" | "widths") =>
    [...bpf.map(name)].sort(([a], [b]) => Number(a - b));
  assert.deepEqual(entries("signs"), [[1n, 4000000001n], [2n, -5n], [3n, -6n], [4n, -7n]]);
  assert.deepEqual(entries("widths"), [[-7n, 0n], [5000000000n, 3000000001n]]);
});

test("USDT programs read the text that an argument points at", async () => {
  await using process = await UsdtProcess.start();
  const code = kernel({ globals: { text: chars(32) } }, {
    text: usdt({ pid: process.pid, provider: "test", name: "text" }, ({ args }, out) => {
      out.text = userString(args[0]!);
    }),
  });
  using bpf = Bpf.load(code);
  bpf.attach();
  await process.fire(1);
  assert.equal(bpf.global("text").value, "hello, probe");
});

test("USDT arguments that no number is read from are refused by name", () => {
  const path = buildLocations();
  const code = kernel({ globals: { value: u64 } }, {
    hidden: usdt({ path, name: "locations:hidden" }, ({ args }, out) => {
      out.value = args[1]!;
    }),
  });
  assert.throws(() => Bpf.load(code), {
    message: /argument 1 is in %xmm0, which programs cannot read as a number\n.*\n +\^/,
  });
  const none = kernel({}, { none: usdt({ path, name: "locations:none" }, () => {}) });
  using bpf = Bpf.load(none);
  assert.throws(() => bpf.attach(), /locations:widths, locations:signs/);
});
