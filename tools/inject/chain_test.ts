import assert from "node:assert/strict";
import { test } from "node:test";
import { parseChain } from "./chain.ts";

test("parseChain() reads functions, their parameters and tests", () => {
  assert.deepEqual(parseChain("SyS_mount()"), [
    { function: "SyS_mount", parameters: [], test: undefined },
  ]);
  assert.deepEqual(parseChain("(true) => SyS_mount()(true)"), [
    { function: undefined, parameters: [], test: "true" },
    { function: "SyS_mount", parameters: [], test: "true" },
  ]);
  assert.deepEqual(
    parseChain("should_fail_alloc_page(gfp_t mask, unsigned int order) (order == 1) => refill"),
    [
      { function: "should_fail_alloc_page", parameters: ["mask", "order"], test: "$order === 1" },
      { function: "refill", parameters: [], test: undefined },
    ],
  );
});

test("parseChain() writes tests in TypeScript", () => {
  const test = (text: string, parameters = "") => parseChain(`f(${parameters})(${text})`)[0]!.test;
  const signature = "struct dentry *parent, const struct qstr *name";
  assert.equal(
    test("STRCMP(name->name, 'bananas')", signature),
    '(kernelString($name.name, 128) === "bananas")',
  );
  assert.equal(test('STRCMP("a)b", x->y)'), '(kernelString(ctx.x.y, 128) === "a)b")');
  assert.equal(
    test("parent != NULL && name->len >= 0x10ul", signature),
    "$parent !== undefined && $name.len >= 0x10",
  );
  assert.equal(test("flags & 'a' || !count"), "ctx.flags & 97 || ! ctx.count");
});

test("parseChain() shows mistakes at their place", () => {
  for (
    const [spec, reason] of [
      ["", /expected a function or a test here/],
      ["f( =>", /this "\(" is never closed/],
      ["f()() => g", /expected a test here/],
      ["f()(1)(2)", /expected FUNCTION\(PARAMETERS\)\(TEST\)/],
      ["f => => g", /expected a function or a test here/],
      ["f x", /expected "\("/],
      ["f()(a = 1)", /an expression cannot assign/],
      ['f()(a == "b")', /a text stands in STRCMP/],
      ["f()(STRCMP(a))", /expected STRCMP/],
      ["f(int)(1)", /expected a type and a name/],
    ] as const
  ) assert.throws(() => parseChain(spec), reason, spec);
});
