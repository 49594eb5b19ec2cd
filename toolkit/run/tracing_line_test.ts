import assert from "node:assert/strict";
import { test } from "node:test";
import { tracingLine } from "./tracing_line.ts";

test("tracingLine() says what a summary says", () => {
  const cases = [
    ["Trace open(), creat() and openat(): who opens which file.", " open(), creat() and openat()"],
    ["Trace TCP accepts.", " TCP accepts"],
    [
      "Trace signals that processes send, by kill(): who, to whom.",
      " signals that processes send, by kill()",
    ],
    ["Trace the lifespan of TCP sessions and summarize.", " lifespan of TCP sessions"],
    ["Trace functions and USDT probes, and print their arguments.", " functions and USDT probes"],
    ["Count events and their stack traces.", ""],
  ];
  for (const [summary, what] of cases) {
    assert.equal(tracingLine(summary!), `Tracing${what}... Hit Ctrl-C to end.`);
  }
});
