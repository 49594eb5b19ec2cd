import assert from "node:assert/strict";
import { test } from "node:test";
import { pretend } from "../../tests/support/machine.ts";
import { languageOf, requireRuntime } from "./runtime.ts";

test("a process without a language's probe points is refused with what they are", () => {
  const tcl = { name: "tcl", provider: "tcl", file: /^libtcl/ };
  const points = [{ kind: 0, probe: "function__entry" }, {
    kind: 1,
    functions: /^TclNRInterpProcCore$/,
  }];
  assert.throws(() => requireRuntime(process.pid, tcl, points), {
    message: `Cannot trace tcl in process ${process.pid}: none of its files has the USDT probe ` +
      "function__entry or the function TclNRInterpProcCore: it runs something else, or a build without them",
  });
});

test("languageOf() goes by the names of files that a process has mapped, deleted or not", () => {
  const language = { name: "ruby", provider: "ruby", file: /^libruby-3\.1\.so$/, calls: [] };
  const found = (path: string) => {
    const text = `7f00-7f01 r-xp 00000000 fe:01 17 ${path}\n`;
    const machine = { ...pretend(), exists: () => true, readText: () => text };
    return languageOf(7, [language as never], machine)?.name;
  };
  assert.equal(found("/usr/lib/libruby-3.1.so"), "ruby");
  assert.equal(found("/usr/lib/libruby-3.1.so (deleted)"), "ruby");
  assert.equal(found("/usr/lib/libruby-3.1.so/other"), undefined);
  assert.equal(found("[libruby-3.1.so]"), undefined);
});
