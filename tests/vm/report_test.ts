import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { test } from "node:test";
import type { JobResult } from "./guest.ts";
import { parseJunit } from "./junit.ts";
import { type CaseResult, count, resultJunit, toCases } from "./report.ts";
import { hookTable, replaceTable } from "./table.ts";

const DENO = `<testsuites><testsuite name="./a_test.ts" tests="2" failures="1">
  <testcase name="a &lt;b&gt; &amp; &quot;c&quot;" classname="./a_test.ts" time="0.002" line="2">
  </testcase>
  <testcase name="fails" classname="./a_test.ts" time="0.001" line="3">
    <failure message="Uncaught: a > b
 line 2">text &lt;testcase name="no"/&gt;</failure></testcase>
  <testcase name="off" classname="./a_test.ts" time="0.000" line="4"><skipped/></testcase>
</testsuite></testsuites>`;

const BUN = `<testsuites><testsuite name="a_test.ts" file="a_test.ts">
  <testcase name="top" classname="" time="0.5" file="a_test.ts" />
  <testsuite name="group" file="a_test.ts">
    <testcase name="in" classname="group" time="0" file="a_test.ts"><skipped /></testcase>
    <testcase name="bad" classname="group" time="0" file="a_test.ts">
      <failure type="AssertionError" />
    </testcase>
  </testsuite>
</testsuite></testsuites>`;

const PLACE = { files: ["a_test.ts"], runtime: "bun", kernel: "6.1" } as const;
const AT = { file: "a_test.ts", runtime: "bun", kernel: "6.1" } as const;

test("parseJunit() reads what Deno writes", () => {
  deepStrictEqual(parseJunit(DENO), [
    { file: "a_test.ts", name: 'a <b> & "c"', status: "passed", seconds: 0.002, message: "" },
    {
      file: "a_test.ts",
      name: "fails",
      status: "failed",
      seconds: 0.001,
      message: "Uncaught: a > b\n line 2",
    },
    { file: "a_test.ts", name: "off", status: "skipped", seconds: 0, message: "" },
  ]);
});

test("parseJunit() reads what Bun writes", () => {
  deepStrictEqual(parseJunit(BUN), [
    { file: "a_test.ts", name: "top", status: "passed", seconds: 0.5, message: "" },
    { file: "a_test.ts", name: "group > in", status: "skipped", seconds: 0, message: "" },
    {
      file: "a_test.ts",
      name: "group > bad",
      status: "failed",
      seconds: 0,
      message: "AssertionError",
    },
  ]);
});

test("resultJunit() writes what parseJunit() reads", () => {
  const cases = parseJunit(DENO);
  const xml = resultJunit(cases.map((item) => ({ ...AT, ...item })));
  const written = cases.map((item) => ({ ...item, file: "a_test.ts (bun, 6.1)" }));
  deepStrictEqual(parseJunit(xml), written);
  match(xml, /<testsuites tests="3" failures="1" errors="0" skipped="1">/);
});

const PROBLEMS:
  readonly (readonly [string, Partial<JobResult> & { junit?: string }, string | undefined])[] = [
    ["a pass", { junit: BUN.replace("<failure", "<skipped") }, undefined],
    ["a failure that is in the report", { status: 1, junit: BUN }, undefined],
    ["no report", { status: 3 }, "exited with status 3 and no report"],
    ["a failure that is not in the report", {
      status: 1,
      junit: BUN.replace("<failure", "<skipped"),
    }, "exited with status 1"],
    ["no test", { junit: "<testsuites/>" }, "ran no test"],
    ["a crash", { outcome: "crashed" }, "guest crashed"],
    ["a hang of the guest", { outcome: "hung" }, "guest hung"],
    ["a hang", { outcome: "timed out", status: 137 }, "timed out"],
    ["a full disk", { diskFull: true, junit: BUN }, "filled the disk"],
  ];

for (const [what, { junit = "", ...job }, expected] of PROBLEMS) {
  test(`toCases() reports ${what}`, () => {
    const files = new Map([["junit.xml", junit]]);
    const result: JobResult = { outcome: "exited", status: 0, files, diskFull: false, ...job };
    const own = parseJunit(junit).length;
    const cases = toCases(PLACE, result, 1, "");
    strictEqual(cases[own]?.name, expected);
    strictEqual(count(cases).failed > 0, expected !== undefined || job.status === 1);
  });
}

test("toCases() tells the files of one command apart, and which of them ran no test", () => {
  const two = BUN.replace("<failure", "<skipped").replaceAll("</testsuites>", "") +
    '<testsuite name="b_test.ts" file="b_test.ts"><testcase name="b" time="0" file="b_test.ts"/>';
  const result: JobResult = {
    outcome: "exited",
    status: 0,
    files: new Map([["junit.xml", two]]),
    diskFull: false,
  };
  const found = (...files: string[]) =>
    toCases({ ...PLACE, files }, result, 1, "").map(({ file, name }) => `${file}: ${name}`);
  const all = ["a_test.ts: top", "a_test.ts: group > in", "a_test.ts: group > bad", "b_test.ts: b"];
  deepStrictEqual(found("a_test.ts", "b_test.ts"), all);
  deepStrictEqual(found("a_test.ts", "b_test.ts", "c_test.ts"), [
    ...all,
    "a_test.ts: ran no test of c_test.ts",
  ]);
});

test("toCases() adds the reasons that tests gave for skipping themselves", () => {
  const files = new Map([["junit.xml", DENO], ["skip-reasons", "off\tno kprobes\nother\tx\n"]]);
  const result: JobResult = { outcome: "exited", status: 1, files, diskFull: false };
  const messages = toCases(PLACE, result, 1, "").map(({ message }) => message);
  deepStrictEqual(messages, ["", "Uncaught: a > b\n line 2", "no kprobes"]);
});

test("hookTable() has a row for each hook and a column for each kernel and runtime", () => {
  const item = (name: string, kernel: string, status: CaseResult["status"]): CaseResult => ({
    ...{ ...AT, name, kernel, status, seconds: 0, message: "" },
  });
  const kernels = [{ name: "6.1", release: "6.1.0" }, { name: "6.12", release: "6.12.9" }];
  const cases = [
    item("attach kprobe: counts", "6.1", "passed"),
    item("attach kprobe: detaches", "6.1", "failed"),
    item("attach kprobe: counts", "6.12", "passed"),
    item("attach kprobe-multi: counts", "6.1", "skipped"),
    item("attaches nothing", "6.1", "passed"),
  ];
  deepStrictEqual(hookTable(cases, kernels).split("\n"), [
    "| hook | 6.1.0, bun | 6.12.9, bun |",
    "| --- | --- | --- |",
    "| kprobe | **fails** | works |",
    "| kprobe-multi | not in this kernel | not run |",
  ]);
});

test("replaceTable() replaces what is between an architecture's markers", () => {
  const part = (architecture: string, table: string) =>
    `<!-- vm-table ${architecture}:begin -->\n${table}\n<!-- vm-table ${architecture}:end -->\n`;
  const text = (table: string) => `a\n${part("amd64", "its own")}b\n${part("arm64", table)}`;
  const table = "| hook | 6.1.2, bun |\n| --- | --- |\n| XDP | works |";
  strictEqual(replaceTable(text("| hook | 6.1.0, bun |"), "arm64", table), text(table));
  throws(() => replaceTable("no markers", "arm64", "new"), /README.md has no/);
});

test("replaceTable() keeps the columns of other kernels, flavours and runtimes, by age", () => {
  const text = (...lines: string[]) =>
    ["<!-- vm-table arm64:begin -->", ...lines, "<!-- vm-table arm64:end -->"].join("\n");
  const old = text(
    "| hook | 6.1.9-50-arm64, deno | 6.1.9-50-arm64, bun | 6.12.8-arm64-16k, bun |",
    "| --- | --- | --- | --- |",
    "| XDP | a | b | c |",
    "| tc | d | e | f |",
  );
  const table = [
    "| hook | 5.10.1-arm64, bun | 6.1.10-51-arm64, bun | 6.12.8-arm64, bun |",
    "| --- | --- | --- | --- |",
    "| tc | g | h | i |",
    "| LSM | j | k | l |",
  ].join("\n");
  strictEqual(
    replaceTable(old, "arm64", table),
    text(
      "| hook | 5.10.1-arm64, bun | 6.1.9-50-arm64, deno | 6.1.10-51-arm64, bun | 6.12.8-arm64, bun | 6.12.8-arm64-16k, bun |",
      "| --- | --- | --- | --- | --- | --- |",
      "| LSM | j | not run | k | l | not run |",
      "| XDP | not run | a | not run | not run | c |",
      "| tc | g | d | h | i | f |",
    ),
  );
});
