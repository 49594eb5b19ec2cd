import assert from "node:assert/strict";
import { test } from "node:test";
import { demangle, demangleBytes, rustPath } from "./demangle.ts";

test("demangle() makes C++ names readable and leaves others alone", () => {
  const cases = [
    ["_ZN2ns5thingEi", "ns::thing(int)"],
    [
      "_ZNSt6vectorIiSaIiEE9push_backERKi",
      "std::vector<int, std::allocator<int> >::push_back(int const&)",
    ],
    ["main", "main"],
    ["_start", "_start"],
    ["_Z", "_Z"],
    ["_Zbroken", "_Zbroken"],
    ["", ""],
  ] as const;
  for (const [name, expected] of cases) assert.equal(demangle(name), expected);
});

test("demangleBytes() tells of bytes what demangle() tells of their text", () => {
  const names = [
    ["_ZN2ns5thingEi", "ns::thing(int)"],
    ["_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"],
    ["_ZN1AC1ERKS_", "A::A(A const&)"],
    ["_RNvC1a1b", "a::b"],
    [`_ZN${"3foo".repeat(80)}E`, Array(80).fill("foo").join("::")],
    ["_Z1füv", "_Z1füv"],
    ["_Zbroken", "_Zbroken"],
    ["_Z", "_Z"],
    ["_", "_"],
    ["main", "main"],
    ["", ""],
  ] as const;
  for (const [name, expected] of names) {
    const text = new TextEncoder().encode(`Zv${name}v`);
    assert.equal(demangleBytes(text, 2, text.length - 3), expected);
    assert.equal(demangle(name), expected);
  }
});

test("demangle() tells names of any length, one after the other", () => {
  const type = `a::${"b".repeat(300)}`;
  for (const more of [0, 1, 2, 3, 1, 20, 0, 60, 2]) {
    const name = `_Z1fN1a300${"b".repeat(300)}E${"S0_".repeat(more)}`;
    assert.equal(demangle(name), `f(${Array.from({ length: more + 1 }, () => type).join(", ")})`);
  }
});

test("demangle() makes Rust names readable, without their hash", () => {
  assert.equal(demangle("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
  assert.equal(
    demangle(
      "_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE",
    ),
    "<alloc::string::String as core::fmt::Debug>::fmt",
  );
});

test("rustPath() knows Rust's names by their hash", () => {
  assert.equal(rustPath("a::b::h0123456789abcdef"), "a::b");
  assert.equal(rustPath("a::b::h0123456789abcde"), undefined);
  assert.equal(rustPath("a::b::h0123456789abcdef()"), undefined);
  assert.equal(rustPath("a::_$u7b$$u7b$closure$u7d$$u7d$::h0123456789abcdef"), "a::{{closure}}");
});

test("demangle() leaves Rust's escapes that stand for no character, and JavaScript's own names", () => {
  const legacy = (text: string) => `_ZN${text.length}${text}17h0123456789abcdefE`;
  const cases = [
    ["a$u110000$b", "a$u110000$b"],
    ["a$uffffffffffff$b", "a$uffffffffffff$b"],
    ["a$ud800$b", "a$ud800$b"],
    ["a$u10ffff$b", "a\u{10ffff}b"],
    ["a$constructor$b", "a$constructor$b"],
    ["a$__proto__$toString$b", "a$__proto__$toString$b"],
  ] as const;
  for (const [name, expected] of cases) assert.equal(demangle(legacy(name)), expected);
  for (const code of ["1fffff", "d800", "110000", "f".repeat(50)]) {
    const name = `_RINvC3app1fKc${code}_E`;
    assert.equal(demangle(name), name);
  }
});

test("demangle() writes no name that stands for gigabytes", () => {
  // Each argument is a pair of all that was written before.
  let nested = "_Z1f1A";
  for (let i = 0, id = ""; i < 60; i++) {
    nested += `1PIS${id}_S${id}_E`;
    id = (2 * i + 1).toString(36).toUpperCase();
  }
  const chain = (count: number) => {
    let type = "1A";
    for (let i = 0; i < count; i++) {
      type = `St4pairI${type}S${i === 0 ? "" : (i - 1).toString(36)}_E`;
    }
    return `_Z1f${type}`;
  };
  for (
    const name of [nested, chain(60), `_Z1f${"1A".repeat(10_000)}`, `_Z1f${"P".repeat(5000)}i`]
  ) {
    assert.equal(demangle(name), name);
  }
});
