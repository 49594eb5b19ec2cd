import assert from "node:assert/strict";
import { test } from "node:test";
import { demangle } from "./demangle.ts";
import { demangleRust } from "./demangle_rust.ts";

const NAMES = {
  _RNvNtCs1234_3app6worker4turn: "app::worker::turn",
  // From rustc's book, chapter "v0 symbol format".
  _RNvCskwGfYPst2Cb_3foo16example_function: "foo::example_function",
  "_RNvMsr_NtCs3ssYzQotkvD_3std4pathNtB5_7PathBuf3newCs15kBYyAo9fc_7mycrate":
    "<std::path::PathBuf>::new",
  _RINvNtC3std3mem8align_ofdE: "std::mem::align_of::<f64>",
  _RNvXs_C7mycrateNtB4_3FooNtNtC3std5clone5Clone5clone:
    "<mycrate::Foo as std::clone::Clone>::clone",
  _RNvYhNtC3app4Walk3run: "<u8 as app::Walk>::run",
  _RNCNvC3app4main0: "app::main::{closure#0}",
  _RNCNvC3app4mains_0: "app::main::{closure#1}",
  _RNSNvC3app4main6vtable: "app::main::{shim:vtable#0}",
  _RINvC3app1fShEC3app: "app::f::<[u8]>",
  _RINvC3app1fAhj4_E: "app::f::<[u8; 4]>",
  _RINvC3app1fKln7b_Kb1_Kc41_E: 'app::f::<-123, true, "A">',
  _RINvC3app1fRL_eQhPhOhTlmETlEE: "app::f::<&str, &mut u8, *const u8, *mut u8, (i32, u32), (i32,)>",
  _RINvC3app1fFUKCmEuFhEhE: 'app::f::<unsafe extern "C" fn(u32), fn(u8) -> u8>',
  _RINvC3app1fDNtC3std4Itemp6OutputhEL_E: "app::f::<dyn std::Item<Output = u8>>",
  _RINvC3app1fINtC3std3VechEE: "app::f::<std::Vec<u8>>",
  "_RNvC3app4turn.llvm.1234": "app::turn",
  _RNvC3app7u4_turn: "app::u4_turn",
};

test("demangleRust() reads paths, types, constants and references", () => {
  for (const [name, expected] of Object.entries(NAMES)) {
    assert.equal(demangleRust(name), expected, name);
  }
  assert.equal(demangle("_RNvNtCs1234_3app6worker4turn"), "app::worker::turn");
});

test("demangleRust() leaves what is no such name", () => {
  const bad = ["_RNv", "_R", "_Read", "_RNvC3ap", "_RNvC9app4turn", "_RB_", "_RNvB0_4turn", "main"];
  for (const name of bad) assert.equal(demangleRust(name), undefined, name);
  assert.equal(demangle("_Read"), "_Read");
  // Each tuple contains the one before it twice.
  let nested = "_RINvC3app1fT";
  for (let i = 0; i < 30; i++) nested += `T${i ? "B9_B9_" : "hh"}E`;
  assert.equal(demangleRust(nested), undefined);
  assert.equal(demangleRust(`_RNv${"I".repeat(10000)}`), undefined);
});
