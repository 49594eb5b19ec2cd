import assert from "node:assert/strict";
import { test } from "node:test";
import { verifierReason } from "./verifier_reasons.ts";

// Messages of kernels 6.1, 6.12 and 6.18.
const COMPLAINTS: Readonly<Record<string, RegExp>> = {
  "infinite loop detected at insn 11": /cannot prove that a loop ends/,
  "back-edge from insn 9 to 2": /cannot prove that a loop ends/,
  "The sequence of 8193 jumps is too complex.": /more ways through/,
  "BPF program is too large. Processed 1000001 insn": /more ways through/,
  "combined stack size of 2 calls is 544. Too large": /512 bytes/,
  "unknown func bpf_ktime_get_tai_ns#208": /too old/,
  "unknown func bpf_get_current_comm#16": /too old/,
  "program of this type cannot use helper bpf_get_current_comm#16": /at this hook/,
  "func 'sched_switch' doesn't have 12-th argument": /no such argument/,
  "invalid bpf_context access off=96 size=8": /no such argument/,
  "invalid access to packet, off=36 size=2, R3(id=0,off=36,r=14)": /packet\.u8/,
  "R0 invalid mem access 'map_value_or_null'": /may be missing/,
  "R2 unbounded memory access, make sure to bounds check any such access": /both ends/,
  "invalid access to map value, value_size=8 off=8 size=8": /both ends/,
  "invalid indirect read from stack R2 off -16+4 size 16": /not fully initialized/,
  "R3 !read_ok": /not fully initialized/,
  "At program exit the register R0 has unknown scalar value should have been in [-4095, 0]":
    /out of range at this hook/,
  "R1 invalid mem access 'scalar'": /used as an address/,
  "attach_btf_id 1 is not a function": /cannot be traced/,
};

for (const [complaint, expected] of Object.entries(COMPLAINTS)) {
  test(`a complaint of the verifier is explained: ${complaint}`, () => {
    assert.match(verifierReason(complaint) ?? "", expected);
  });
}

test("what is not known is not explained", () => {
  assert.equal(verifierReason("misaligned stack access"), undefined);
});
