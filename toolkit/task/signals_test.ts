import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { UsageError } from "../options/options.ts";
import { thisMachine } from "../machine/machine.ts";
import { signalName, signals } from "./signals.ts";

test("signalName() has the names of this machine's signals", () => {
  const aliases = ["SIGIOT", "SIGIO", "SIGUNUSED"];
  for (const [name, number] of Object.entries(constants.signals)) {
    if (!aliases.includes(name)) assert.equal(`SIG${signalName(number)}`, name);
  }
  assert.deepEqual([34, 64, 35, 0].map(signalName), ["RTMIN", "RTMAX", "unknown", "unknown"]);
});

test("signals() takes numbers and names, and refuses others", () => {
  const { parse } = signals({ long: "signal", help: "" });
  assert.deepEqual(parse("9,TERM,sigint,0,64", [], thisMachine), [9, 15, 2, 0, 64]);
  for (const value of ["", "65", "-1", "9,", "NOTHING", "1.5"]) {
    assert.throws(() => parse(value, [], thisMachine), UsageError, value);
  }
});
