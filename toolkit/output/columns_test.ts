import assert from "node:assert/strict";
import { test } from "node:test";
import { type Column, csvHead, csvRow, headLine, jsonRow, tableRow } from "./columns.ts";

interface Event {
  pid: number;
  mode: number | null;
  comm: string;
}

const columns: readonly Column<Event>[] = [
  { head: "PID", width: 7, value: (event) => event.pid },
  {
    head: "MODE",
    key: "mode_bits",
    width: 6,
    align: "right",
    value: (event) => event.mode,
    text: (event) => event.mode === null ? "n/a" : event.mode.toString(8),
  },
  { head: "COMM", value: (event) => event.comm },
];

const event = { pid: 181, mode: 0o644, comm: "bash" };

test("headLine() pads headings as the rows are padded", () => {
  assert.equal(headLine(columns), "PID       MODE COMM");
  assert.equal(headLine([{ head: "A", width: 8, value: () => 0 }]), "A");
  assert.equal(headLine([]), "");
});

test("tableRow() pads values to the left and to the right", () => {
  assert.equal(tableRow(columns)(event), "181        644 bash");
  assert.equal(tableRow(columns)({ ...event, mode: null }), "181        n/a bash");
});

test("digits round what people see, and nothing in JSON", () => {
  const seconds: readonly Column<number>[] = [{ head: "S", digits: 2, value: (ns) => ns / 1e9 }];
  assert.equal(tableRow(seconds)(1_234_567_890), "1.23");
  assert.equal(csvRow(seconds)(1_234_567_890), "1.23");
  assert.equal(jsonRow(seconds)(1_234_567_890), '{"s":1.23456789}');
});

test("tableRow() lets a wide value have the room it needs", () => {
  assert.equal(tableRow(columns)({ ...event, pid: 1234567890 }), "1234567890    644 bash");
});

test("tableRow() escapes text, and pads what is printed", () => {
  const wide: Column<Event>[] = [
    { head: "COMM", width: 8, value: (event) => event.comm },
    { head: "PID", value: (event) => event.pid },
  ];
  assert.equal(tableRow(wide)({ ...event, comm: "a\n\udcff" }), "a\\n\\xff  181");
});

test("tableRow() pads by the cells of a terminal, not by characters", () => {
  const wide: Column<Event>[] = [
    { head: "COMM", width: 8, value: (event) => event.comm },
    { head: "PID", width: 4, align: "right", value: (event) => event.pid },
  ];
  const row = tableRow(wide);
  assert.equal(row({ ...event, comm: "数据库" }), "数据库    181");
  assert.equal(row({ ...event, comm: "ﾃﾞｰﾀ" }), "ﾃﾞｰﾀ      181");
  assert.equal(row({ ...event, comm: "e\u0301te\u0301" }), "e\u0301te\u0301       181");
  assert.equal(row({ ...event, comm: "Ж" }), "Ж         181");
});

test("jsonRow() has a key for each column, in order, and the values themselves", () => {
  assert.equal(jsonRow(columns)(event), '{"pid":181,"mode_bits":420,"comm":"bash"}');
  assert.equal(
    jsonRow(columns)({ ...event, mode: null }),
    '{"pid":181,"mode_bits":null,"comm":"bash"}',
  );
});

test("jsonRow() keeps valid text exactly, on one line", () => {
  const comm = "\x1b[2J\n👩‍👧 \u202e\\x1b";
  const json = jsonRow(columns)({ ...event, comm });
  assert.deepEqual(JSON.parse(json), { pid: 181, mode_bits: 420, comm });
  assert.doesNotMatch(json, /[\p{Cc}\u202e]/u);
});

test("jsonRow() gives the exact bytes of text that is not UTF-8", () => {
  assert.deepEqual(JSON.parse(jsonRow(columns)({ ...event, comm: "caf\udce9\n" })), {
    pid: 181,
    mode_bits: 420,
    comm: "caf\\xe9\\n",
    comm_hex: "636166e90a",
  });
});

test("jsonRow() keeps text that JSON has to escape", () => {
  for (const comm of ['say "hi"', "back\\slash", "tab\t", "", "grün", "\x7f"]) {
    assert.equal(JSON.parse(jsonRow(columns)({ ...event, comm })).comm, comm);
  }
});

test("jsonRow() writes numbers that JSON does not have as null", () => {
  for (const pid of [NaN, Infinity, -Infinity]) {
    assert.equal(JSON.parse(jsonRow(columns)({ ...event, pid })).pid, null);
  }
});

test("tableRow() keeps the place of a first column that is empty", () => {
  const [, , comm] = columns;
  assert.equal(tableRow([comm!, comm!])({ ...event, comm: "" }), " ");
});

test("csvRow() separates what the table shows by commas, quotes what holds one", () => {
  assert.equal(csvHead(columns), "PID,MODE,COMM");
  assert.equal(csvRow(columns)(event), "181,644,bash");
  assert.equal(csvRow(columns)({ ...event, comm: 'a,"b"\n' }), '181,644,"a,""b""\\n"');
});

test("jsonRow() writes lists, and all digits of large numbers", () => {
  const list = { head: "LIST", value: () => [1, "a\n", null, 18000000000000000001n] };
  const large = { head: "LARGE", value: () => 18000000000000000001n };
  const row = jsonRow<Event>([list, large])(event);
  assert.equal(row, '{"list":[1,"a\\n",null,18000000000000000001],"large":18000000000000000001}');
  const raw = { head: "RAW", value: () => ["\udcff"] };
  assert.equal(jsonRow<Event>([raw])(event), '{"raw":["\\\\xff"],"raw_hex":["ff"]}');
});
