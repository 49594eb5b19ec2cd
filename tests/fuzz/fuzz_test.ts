import assert from "node:assert/strict";
import { test } from "node:test";
import { requires } from "../support/requires.ts";
import { RUNTIME } from "../support/runtime.ts";
import { fuzz, type FuzzOptions } from "./fuzz.ts";
import { mutateText } from "./mutate.ts";
import { randomOf } from "./random.ts";
import { type AnyTarget, must } from "./target.ts";
import { TARGETS } from "./targets.ts";

async function check(target: AnyTarget, options: FuzzOptions): Promise<void> {
  const { find } = await fuzz(target, options);
  const again =
    `deno task fuzz ${target.name} --seed ${options.seed} --from ${find?.index} --count 1`;
  assert.equal(find?.what, undefined, again);
}

for (const target of TARGETS) {
  test(`${target.name} bears damaged input: ${target.what}`, async () => {
    for (const [i, { value }] of target.samples().entries()) {
      assert.ok(value.length > 0, `sample ${i} is empty`);
    }
    await check(target, { seed: 1, count: 300 });
  });

  const long = `${target.name} bears damaged input for a minute`;
  // Under one runtime only: it takes many minutes, and the parsers are the same under both.
  const reason = RUNTIME === "Deno" ? requires(long, "full") : "Deno's test does it";
  test(long, { skip: reason }, async () => {
    await check(target, { seed: Date.now() % 2 ** 31, count: 1e9, seconds: 60 });
  });
}

const text = (run: (input: string) => void): AnyTarget => ({
  name: "test",
  what: "a test",
  samples: () => [{ value: "abcdefgh" }],
  run,
});

test("fuzz() finds errors that are not the parser's own, and what cannot be right", async () => {
  const options = { seed: 1, count: 5000 };
  const thrown = await fuzz(
    text((input) => {
      if (input.includes("\0")) throw new TypeError("odd");
    }),
    options,
  );
  assert.match(thrown.find!.what, /^it threw TypeError: odd/);
  const broken = await fuzz(text((input) => must(input.length < 10, "it is long")), options);
  assert.equal(broken.find!.what, "it is long");
  const refusing = text(() => {
    throw new SyntaxError("refused");
  });
  const refused = await fuzz(
    { ...refusing, isRefusal: (error) => error instanceof SyntaxError } as AnyTarget,
    options,
  );
  assert.deepEqual(refused, { inputs: 5000, accepted: 0, find: undefined });
});

test("fuzz() finds what takes long", async () => {
  const slow = text((input) => {
    const end = process.cpuUsage().user + 60_000;
    while (input.includes("\n") && process.cpuUsage().user < end);
  });
  const { find } = await fuzz(slow, { seed: 1, count: 5000, maxSeconds: 0.05 });
  assert.match(find!.what, /^it took \d\.\d\d s of CPU time$/);
  assert.match(find!.input as string, /\n/);
});

test("the same seed makes the same inputs", () => {
  const samples = [{ value: "abc" }, { value: "1234" }];
  const inputs = (seed: number) =>
    Array.from({ length: 50 }, (_, i) => mutateText(samples, ["word"], randomOf(seed, i)));
  assert.deepEqual(inputs(7), inputs(7));
  assert.notDeepEqual(inputs(7), inputs(8));
});
