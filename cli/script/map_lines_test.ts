import assert from "node:assert/strict";
import { test } from "node:test";
import { chars, i64, struct, u64 } from "../../mod.ts";
import { namedKey } from "./map_keys.ts";
import { mapLines } from "./map_lines.ts";

const PLAIN = { json: false, folded: false };

test("keys of several fields have heads, those of one have none", () => {
  const Failed = struct("failed", { call: i64, errno: u64, comm: chars(16) });
  const entry = (call: bigint, errno: bigint, comm: string, value: bigint) => ({
    key: namedKey(Failed, { call, errno, comm }),
    value,
  });
  const entries = [entry(257n, 2n, "bash", 144n), entry(0n, 11n, "a", 7n)];
  assert.deepEqual(mapLines([{ kind: "entries", name: "failed", entries }], PLAIN), [
    "",
    "failed:",
    "  call  errno  comm  value",
    "  257   2      bash  144",
    "  0     11     a     7",
  ]);
  const one = [{ key: namedKey(i64, -5n), value: 3n }, { key: namedKey(i64, 100n), value: 2n }];
  assert.deepEqual(mapLines([{ kind: "entries", name: "one", entries: one }], PLAIN), [
    "",
    "one:",
    "  -5   3",
    "  100  2",
  ]);
});

test("negative values have rows above the others, and a list of their own in JSON", () => {
  const map = {
    kind: "histograms",
    name: "results",
    histograms: [{ key: undefined, slots: [1, 0, 2], negative: [0, 0, 3] }],
  } as const;
  const rows = mapLines([map], PLAIN).map((line) => line.replace(/ +\|.*/, "").trim());
  assert.deepEqual(
    rows.slice(3),
    ["-3 -> -2         : 3", "-1 -> -1         : 0"].concat(
      ["0 -> 1          : 1", "2 -> 3          : 2"],
    ),
  );
  assert.deepEqual(mapLines([map], { ...PLAIN, json: true }), [
    '{"map":"results","slots":[1,0,2],"negative":[0,0,3]}',
  ]);
});
