import assert from "node:assert/strict";
import { test } from "node:test";
import { requireRuntime } from "./runtime.ts";

test("a process without a language's places is refused with what they are", () => {
  const tcl = { name: "tcl", provider: "tcl", file: /^libtcl/ };
  const places = [{ kind: 0, probe: "function__entry" }, {
    kind: 1,
    functions: /^TclNRInterpProcCore$/,
  }];
  assert.throws(() => requireRuntime(process.pid, tcl, places), {
    message: `Cannot trace tcl in process ${process.pid}: none of its files has the USDT probe ` +
      "function__entry or the function TclNRInterpProcCore: it runs something else, or a build without them",
  });
});
