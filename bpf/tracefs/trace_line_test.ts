import assert from "node:assert/strict";
import { test } from "node:test";
import { droppedEvents, parseTraceLine } from "./trace_line.ts";

const CASES = {
  "           <...>-1234    [001] d..31  1234.567890: bpf_trace_printk: hello": {
    task: "<...>",
    pid: 1234,
    cpu: 1,
    flags: "d..31",
    timestamp: 1234.56789,
    message: "hello",
  },
  "  kworker/0:1-eve-17      [000] .N..  0.000001: bpf_trace_printk: a: b [c] 1.5: d": {
    task: "kworker/0:1-eve",
    pid: 17,
    cpu: 0,
    flags: ".N..",
    timestamp: 0.000001,
    message: "a: b [c] 1.5: d",
  },
  "    a [0] b-5     (    4) [012] dNh.  7.000000: 0x00000001: ": {
    task: "a [0] b",
    pid: 5,
    cpu: 12,
    flags: "dNh.",
    timestamp: 7,
    message: "",
  },
};

test("parseTraceLine() tells the fields, whatever the names and messages hold", () => {
  for (const [line, expected] of Object.entries(CASES)) {
    assert.deepEqual(parseTraceLine(line), expected);
  }
});

test("parseTraceLine() knows no other lines", () => {
  for (const line of ["", "CPU:0 [LOST 7 EVENTS]", "# tracer: nop"]) {
    assert.equal(parseTraceLine(line), undefined);
  }
});

test("droppedEvents() tells how many", () => {
  assert.equal(droppedEvents("CPU:0 [LOST 7 EVENTS]"), 7);
  assert.equal(droppedEvents("a-1 [000] .... 1.0: bpf_trace_printk: [LOST 7 EVENTS]"), 0);
});
