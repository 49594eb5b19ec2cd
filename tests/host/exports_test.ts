// The entry points that deno.json names. Not in guests: no kernel is asked.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as everything from "../../mod.ts";
import { PROJECT } from "../support/build.ts";

type Module = Readonly<Record<string, unknown>>;

const { exports } = JSON.parse(readFileSync(join(PROJECT, "deno.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, string>>;
};
const importEntry = (name: string) => import(join(PROJECT, exports[name]!)) as Promise<Module>;

test("each subpath export is a module that exports something", async () => {
  assert.deepEqual(Object.keys(exports), [
    ".",
    "./codec",
    "./symbols",
    "./histogram",
    "./features",
    "./kernel",
    "./toolkit",
    "./toolkit/kernel",
  ]);
  for (const name of Object.keys(exports)) {
    assert.ok(Object.keys(await importEntry(name)).length > 0, name);
  }
});

for (const name of ["./codec", "./symbols", "./histogram", "./features"]) {
  test(`${name} and the main entry export the same values under the same names`, async () => {
    const part = Object.entries(await importEntry(name));
    const shared = part.filter(([key]) => key in everything);
    assert.ok(shared.length > part.length / 2);
    for (const [key, value] of shared) assert.equal((everything as Module)[key], value, key);
  });
}

test("a codec, a histogram, a feature and a symbol are had from the subpaths alone", async () => {
  const { struct, u32 } = await import("../../ffi/codec/mod.ts");
  const bytes = new DataView(new Uint8Array([7, 0, 0, 0]).buffer);
  assert.deepEqual(struct("event", { pid: u32 }).read(bytes, 0), { pid: 7 });
  const { log2Buckets } = await import("../../bpf/histogram.ts");
  assert.deepEqual(log2Buckets([0, 0, 3]), [
    { low: 0, high: 1, count: 0 },
    { low: 2, high: 3, count: 3 },
  ]);
  const { hasLibrary, libbpfVersion } = await import("../../bpf/features.ts");
  assert.equal(hasLibrary("libbpf").answer, "yes");
  assert.match(libbpfVersion(), /^[1-9]\.\d+$/);
  const { formatSymbol } = await import("../../bpf/symbols/mod.ts");
  const symbol = { name: "main", offset: 4, module: "app" };
  assert.equal(formatSymbol(symbol, 0x400004n, { offset: true }), "main+0x4");
});
