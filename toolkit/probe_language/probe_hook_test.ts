import assert from "node:assert/strict";
import { test } from "node:test";
import { hookOf, partsOf } from "./probe_hook.ts";

const hook = (text: string) => {
  const [kind, library, ...rest] = partsOf(text, 0);
  const name = { text: rest.map((part) => part.text).join(":"), at: rest[0]!.at };
  return hookOf(text, kind!, library!, name);
};

test("hookOf() reads every kind of place", () => {
  const kernel = { library: undefined, offset: 0 };
  assert.deepEqual(hook("p::vfs_read"), { kind: "entry", name: "vfs_read", ...kernel });
  assert.deepEqual(hook("::vfs_read"), { kind: "entry", name: "vfs_read", ...kernel });
  assert.deepEqual(hook("r::vfs_read"), { kind: "return", name: "vfs_read", ...kernel });
  const library = { kind: "entry", library: "c", name: "malloc" };
  assert.deepEqual(hook("p:c:malloc"), { ...library, offset: 0 });
  assert.deepEqual(hook("l:c:malloc+0x1c"), { ...library, offset: 28 });
  assert.deepEqual(hook("p:/bin/a:_ZN1aC1Ev+12"), {
    kind: "entry",
    library: "/bin/a",
    name: "_ZN1aC1Ev",
    offset: 12,
  });
  assert.deepEqual(hook("t:sched:sched_switch"), {
    kind: "tracepoint",
    category: "sched",
    name: "sched_switch",
  });
  assert.deepEqual(hook("u:c:libc:probe"), { kind: "usdt", library: "c", name: "libc:probe" });
});

test("hookOf() shows what is wrong", () => {
  const cases: [text: string, at: number, reason: RegExp][] = [
    ["x:c:malloc", 0, /expected p \(entry\), r \(return\), t/],
    ["p::", 3, /expected the name of a function/],
    ["p::a b", 3, /expected the name of a function/],
    ["p:c:1x", 4, /expected the name of a function/],
    ["p::f+", 5, /expected an offset/],
    ["p::f+0y", 5, /expected an offset/],
    ["r::f+1", 4, /a return has no offset/],
    ["t:sched:", 8, /expected a tracepoint/],
    ["t::x", 2, /expected a tracepoint/],
    ["t:a:b}", 4, /expected a tracepoint/],
    ["u::x", 2, /expected a library or a program/],
    ["u:c:", 4, /expected the name of a USDT probe/],
    ["l::x", 2, /expected a library or a program/],
  ];
  for (const [text, at, reason] of cases) {
    assert.throws(() => hook(text), (error: Error) => {
      assert.match(error.message, reason);
      assert.equal(error.message.split("\n").at(-1), " ".repeat(at + 2) + "^", text);
      return true;
    });
  }
});
