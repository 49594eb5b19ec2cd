import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTarget, wildcards } from "./patterns.ts";

const CASES: readonly (readonly [
  text: string,
  kind: string,
  file: string,
  matches: readonly string[],
  others: readonly string[],
])[] = [
  ["vfs_*", "kernel", "", ["vfs_read", "vfs_"], ["do_vfs_read", "vfs"]],
  ["p::vfs_read", "kernel", "", ["vfs_read"], ["vfs_readv"]],
  ["p:vfs_read", "kernel", "", ["vfs_read"], []],
  ["a.isra.*", "kernel", "", ["a.isra.0"], ["a_isra_0"]],
  ["c:malloc", "user", "c", ["malloc"], ["__malloc"]],
  ["p:c:*alloc", "user", "c", ["malloc", "alloc"], ["alloca"]],
  ["/bin/a:*", "user", "/bin/a", ["main"], []],
  ["./app:ns::Worker::*", "user", "./app", ["ns::Worker::turn(int)"], ["ns::Other::turn(int)"]],
  ["app:operator[]*", "user", "app", ["operator[](int)"], ["operator"]],
  ["t:sched:sched_*", "tracepoint", "", ["sched:sched_switch"], ["sched:other"]],
  ["t:*:*fork", "tracepoint", "", ["sched:sched_process_fork"], []],
  ["u:pthread:*mutex*", "usdt", "pthread", ["mutex_entry"], ["other"]],
  ["u:./app:test:alike", "usdt", "./app", ["test:alike"], ["alike", "other:alike"]],
];

for (const [text, kind, file, matches, others] of CASES) {
  test(`parseTarget() reads ${text}`, () => {
    const target = parseTarget(text);
    assert.deepEqual([target.kind, target.file, target.atReturn], [kind, file, false]);
    for (const name of matches) assert.match(name, target.pattern);
    for (const name of others) assert.doesNotMatch(name, target.pattern);
  });
}

test("parseTarget() reads returns, and tells names that people write", () => {
  assert.equal(parseTarget("r::vfs_read").atReturn, true);
  assert.deepEqual([parseTarget("r:c:malloc").file, parseTarget("r:c:malloc").kind], ["c", "user"]);
  assert.equal(parseTarget("c:malloc").isQualified, false);
  assert.equal(parseTarget("app:ns::f").isQualified, true);
  assert.equal(parseTarget("u:app:p:n").isQualified, true);
});

test("parseTarget() reads regular expressions, which may hold colons", () => {
  const { file, pattern } = parseTarget("c:(?:write|read)$", { regexp: true });
  assert.equal(file, "c");
  assert.match("read", pattern);
  assert.doesNotMatch("pread", pattern);
  assert.doesNotMatch("readv", pattern);
  assert.match("readv", parseTarget("read", { regexp: true }).pattern);
  assert.throws(
    () => parseTarget("vfs_(", { regexp: true }),
    /^UsageError: invalid pattern "vfs_\(": Invalid regular expression/,
  );
});

for (const text of ["", "t:sched", "t::x", "t:sched:", "u:probe", "u::x", "c:", "p:", "ns::f"]) {
  test(`parseTarget() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseTarget(text),
      /^UsageError: invalid pattern "[^"]*": expected FUNCTION/,
    );
  });
}

test("wildcards() are the shell's", () => {
  const cases: [string, string, boolean][] = [
    ["block*", "block:block_rq_issue", true],
    ["block", "block:block_rq_issue", false],
    ["*:sched_?ait", "sched:sched_wait", true],
    ["a[bc]", "ac", true],
    ["a[!bc]", "ac", false],
    ["a[!bc]", "ad", true],
    ["a.b", "axb", false],
    ["a[", "a[", true],
  ];
  for (const [pattern, name, expected] of cases) {
    assert.equal(wildcards(pattern).test(name), expected, `${pattern} ${name}`);
  }
});
