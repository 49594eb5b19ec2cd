import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Bpf } from "../../mod.ts";
import { Output } from "../../toolkit/output/output.ts";
import { Report } from "../../toolkit/output/report.ts";
import { fullFrame, reportStacks } from "../../toolkit/stacks/stack_report.ts";
import { type StackKey, Stacks, type StackSum } from "../../toolkit/stacks/stacks.ts";

/** Addresses of no code. */
const KEPT = new Map([[2n, [0x10n, 0x20n]], [3n, [0x30n]], [4n, [0x40n]]]);

const keyOf = (user: bigint, image = 0): StackKey => {
  const { pid } = process;
  return { user, kernel: 0n, pid, tid: pid, process: pid, image, comm: "a\nb" };
};
const sumOf = (sum: number): StackSum => ({ sum, count: sum, first: 1 });
/** The third has the addresses of the first after an exec, the last one could not be kept. */
const SUMS: readonly [StackKey, StackSum][] = [
  [keyOf(2n), sumOf(2000)],
  [keyOf(3n), sumOf(3000)],
  [keyOf(2n, 1), sumOf(1900)],
  [keyOf(4n), sumOf(1000)],
  [keyOf(1n), sumOf(2500)],
];

/** As much of a loaded program as reports look at. */
const bpf = {
  globalNames: [],
  global: () => ({ value: 0 }),
  map: (name: string) => ({
    set() {},
    get(id: bigint) {
      const bytes = new Uint8Array(127 * 8);
      const view = new DataView(bytes.buffer);
      KEPT.get(id)?.forEach((address, i) => view.setBigUint64(i * 8, address, true));
      return name === "stacks" && KEPT.has(id) ? bytes : undefined;
    },
  }),
} as unknown as Bpf;

/** The lines that the sums are reported by. */
async function linesOf(options: { json?: boolean; folded?: boolean; outputs?: string[] }) {
  const lines: string[] = [];
  const output = new class extends Output {
    override line(text: string): void {
      lines.push(...text.split("\n"));
    }
  }();
  const { json = false, folded = false, outputs = [] } = options;
  const settings = { json, name: "test", seconds: 1, isInterrupted: () => false };
  using stacks = new Stacks(bpf, { pids: [process.pid], tids: undefined });
  const shown = (sum: number) => sum / 1000;
  await reportStacks(bpf, new Report(output, settings), { stacks, sums: SUMS, shown }, {
    ...{ outputs, svg: undefined, html: undefined, folded, delimited: false },
    ...{ userOnly: true, kernelOnly: false, threads: false, line: fullFrame },
    ...{ tool: "test", unit: "msecs" },
  });
  return lines;
}

test("reportStacks() prints stacks from the smallest sum up, those that look the same as one", async () => {
  const head = `    ${"-".padEnd(16)} a\\nb (${process.pid})`;
  assert.deepEqual(await linesOf({}), [
    ...["", "    0x40", head, "        1", ""],
    ...["    [Missed User Stack]", head, "        2.5", ""],
    ...["    0x30", head, "        3", ""],
    ...["    0x10", "    0x20", head, "        3.9", ""],
  ]);
});

test("reportStacks() prints folded lines, and what it could not keep as a record", async () => {
  const folded = [
    "a\\nb;0x40 1",
    "a\\nb;[Missed User Stack] 2.5",
    "a\\nb;0x30 3",
    "a\\nb;0x20;0x10 3.9",
  ];
  assert.deepEqual(await linesOf({ folded: true }), folded);
  const records = (await linesOf({ json: true })).map((line) => JSON.parse(line));
  assert.deepEqual(
    records.map(({ record, msecs, user, total }) => ({ record, msecs, user, total })),
    [
      { record: "stack", msecs: 1, user: ["0x40"], total: undefined },
      { record: "stack", msecs: 2.5, user: null, total: undefined },
      { record: "stack", msecs: 3, user: ["0x30"], total: undefined },
      { record: "stack", msecs: 3.9, user: ["0x10", "0x20"], total: undefined },
      { record: "dropped", msecs: undefined, user: undefined, total: 2500 },
    ],
  );
});

test("reportStacks() writes files, and prints their names only", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-test-"));
  try {
    const file = join(folder, "out.folded");
    assert.deepEqual(await linesOf({ outputs: [file] }), [`${file}: 10.4 msecs`]);
    const stacks = ["0x40 1", "[Missed User Stack] 2.5", "0x30 3", "0x20;0x10 3.9"];
    assert.equal(readFileSync(file, "utf8"), stacks.map((stack) => `a\\nb;${stack}\n`).join(""));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
