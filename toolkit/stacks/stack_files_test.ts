import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
// Readers and a schema of other projects.
import { Ajv } from "npm:ajv@8.20.0";
import { Profile } from "npm:pprof-format@2.3.2";
import schema from "npm:speedscope@1.25.0/dist/release/file-format-schema.json" with {
  type: "json",
};
import type { Frame } from "./kept_stacks.ts";
import { checkStackFiles, type StackProfile, writeStackFiles } from "./stack_files.ts";

const frame = (address: bigint, name: string, module?: string): Frame => ({
  address,
  kernel: module === undefined,
  symbol: { name, offset: 4, module },
});
const MAIN = frame(0x1000n, "main", "app");
const WORK = frame(0x7fff_ffff_f010n, "work", "libwork.so");
const READ = frame(0xffff_ffff_8100_0040n, "vfs_read");
const UNKNOWN: Frame = { address: 0x55n, kernel: false, symbol: undefined };

const profile: StackProfile = {
  tool: "offcputime",
  unit: "usecs",
  time: 1_700_000_000_123,
  stacks: [
    { comm: "app", pid: 181, tid: 182, frames: [MAIN, WORK, READ], value: 5_000_000_000 },
    { comm: "app", pid: 181, tid: 181, frames: [MAIN, UNKNOWN], value: 7 },
    { comm: "b\n\udcff", pid: 9, tid: 9, frames: [READ], value: 1 },
  ],
};

/** Writes one file and gives its bytes. */
function written(name: string, of = profile): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "stack_files_test_"));
  try {
    const file = join(folder, name);
    const options = { outputs: [file], svg: undefined, html: undefined };
    const [line] = writeStackFiles(of, () => ["app;main 7"], options);
    assert.equal(
      line!.text,
      `${file}: ${of.stacks.reduce((sum, s) => sum + s.value, 0)} ${of.unit}`,
    );
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("pprof reads stacks, values, labels and modules", () => {
  const read = Profile.decode(gunzipSync(written("out.pb.gz")));
  const text = (index: number | bigint) => read.stringTable.strings[Number(index)]!;
  assert.deepEqual(read.sampleType.map((type) => [text(type.type), text(type.unit)]), [
    ["time", "microseconds"],
  ]);
  assert.equal(BigInt(read.timeNanos), 1_700_000_000_123_000_000n);
  const byId = <T extends { id: number | bigint }>(list: T[], id: number | bigint) =>
    list.find((each) => Number(each.id) === Number(id))!;
  const samples = read.sample.map((sample) => ({
    frames: sample.locationId.map((id) => {
      const location = byId(read.location, id);
      const method = byId(read.function, location.line[0]!.functionId);
      const mapping = byId(read.mapping, location.mappingId);
      assert.equal(mapping.hasFunctions, true);
      return `${text(method.name)} ${text(mapping.filename)} ${
        BigInt(location.address).toString(16)
      }`;
    }),
    value: sample.value.map(Number),
    labels: sample.label.map(({ key, str, num }) => [text(key), str ? text(str) : Number(num)]),
  }));
  assert.deepEqual(samples, [
    {
      frames: [
        "vfs_read [kernel] ffffffff81000040",
        "work libwork.so 7ffffffff010",
        "main app 1000",
      ],
      value: [5_000_000_000],
      labels: [["comm", "app"], ["pid", 181], ["tid", 182]],
    },
    {
      frames: ["0x55 [unknown] 55", "main app 1000"],
      value: [7],
      labels: [["comm", "app"], ["pid", 181], ["tid", 181]],
    },
    {
      frames: ["vfs_read [kernel] ffffffff81000040"],
      value: [1],
      labels: [["comm", "b\\n\\xff"], ["pid", 9], ["tid", 9]],
    },
  ]);
  assert.deepEqual([read.location.length, read.function.length, read.mapping.length], [4, 4, 4]);
});

test("speedscope's schema takes its file, which holds the stacks", () => {
  const file = JSON.parse(new TextDecoder().decode(written("out.speedscope.json")));
  const validate = new Ajv({ strict: false }).compile(schema);
  assert.equal(validate(file), true, JSON.stringify(validate.errors));
  const [{ samples, weights, unit, endValue }] = file.profiles;
  const names = samples.map((stack: number[]) => stack.map((i) => file.shared.frames[i].name));
  assert.deepEqual(names, [
    ["app", "main", "work", "vfs_read"],
    ["app", "main", "0x55"],
    ["b\\n\\xff", "vfs_read"],
  ]);
  assert.deepEqual([weights, unit, endValue], [
    [5_000_000_000, 7, 1],
    "microseconds",
    5_000_000_008,
  ]);
});

test("folded lines, pictures and pages are told by their endings", () => {
  assert.equal(new TextDecoder().decode(written("out.folded")), "app;main 7\n");
  assert.match(new TextDecoder().decode(written("out.svg")), /^<svg[^]*vfs_read/);
  assert.match(new TextDecoder().decode(written("out.html")), /^<!doctype html>[^]*vfs_read/i);
});

test("an ending that tells no format is refused, and a difference without a picture", () => {
  const options = { svg: undefined, html: undefined };
  assert.throws(
    () => checkStackFiles({ ...options, outputs: ["out.txt"] }),
    /--output out\.txt does not tell a format: end its name in one of \.svg, \.html, \.folded/,
  );
  assert.throws(
    () => checkStackFiles({ ...options, outputs: ["out.pb.gz"], compare: "x" }),
    /--compare is for flame graphs/,
  );
  checkStackFiles({ ...options, outputs: ["a.pb.gz", "a.svg"], compare: "x" });
});

test("large reports have as many samples as there are stacks", () => {
  const stacks = Array.from({ length: 5000 }, (_, i) => ({
    ...profile.stacks[0]!,
    frames: [MAIN, frame(BigInt(0x2000 + i), `f${i}`, "app")],
    value: 1,
  }));
  const read = Profile.decode(gunzipSync(written("out.pb.gz", { ...profile, stacks })));
  assert.equal(read.sample.length, 5000);
  assert.equal(read.function.length, 5001);
});
