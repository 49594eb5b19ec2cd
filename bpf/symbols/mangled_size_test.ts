import assert from "node:assert/strict";
import { test } from "node:test";
import { demangle } from "./demangle.ts";
import { mangledSize } from "./mangled_size.ts";

const NAMES = [
  "_ZN2ns5thingEi",
  "_ZNSt6vectorIiSaIiEE9push_backERKi",
  "_ZNSt7__cxx1112basic_stringIwSt11char_traitsIwESaIwEEpLESt16initializer_listIwE",
  "_ZTVN10__cxxabiv117__class_type_infoE",
  "_ZNSsC1Ev",
  "_ZZ4mainENKUlvE_clEv",
  "_ZThn16_N3foo3barEv",
  "_Z1fPFivE",
  "_Z1fIiJdfEEvT_DpT0_",
];

test("mangledSize() is at least what the name becomes, and not much more", () => {
  for (const name of NAMES) {
    const size = mangledSize(name);
    const { length } = demangle(name);
    assert.ok(size !== undefined && size >= length && size < 40 * length + 200, `${name} ${size}`);
  }
});

test("mangledSize() is undefined for what it cannot read", () => {
  for (const name of ["", "_Z", "main", "_Z1", "_Z99a", "_ZN1a", "_Z1fS_", "_Z1fI", "_Z1f!"]) {
    assert.equal(mangledSize(name), undefined, name);
  }
  assert.equal(mangledSize(`_Z1f${"P".repeat(500)}i`), undefined);
});

test("mangledSize() grows as the name would", () => {
  let type = "1A";
  for (let i = 0; i < 40; i++) type = `1PI${type}S${i === 0 ? "" : (2 * i - 1).toString(36)}_E`;
  const size = mangledSize(`_Z1f${type.toUpperCase()}`);
  assert.ok(size === undefined || size > 2 ** 16, String(size));
});
