import assert from "node:assert/strict";
import { test } from "node:test";
import { demangle, rustPath } from "./demangle.ts";

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
