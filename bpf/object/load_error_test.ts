import assert from "node:assert/strict";
import { test } from "node:test";
import { lackOfProgram } from "./load_error.ts";

const lackOf = (...lines: string[]) => lackOfProgram("count", lines.join("\n"));

test("what kernel 5.10 lacks is told from its verifier's complaints", () => {
  // The message of Debian's kernel 5.10.0-32-amd64, between lines that it logs for every program.
  assert.deepEqual(lackOf("0: (bf) r6 = r1", "invalid func unknown#174", "processed 5 insns"), {
    feature: "bpf_get_attach_cookie",
    reason: 'this kernel has no bpf_get_attach_cookie(), which program "count" calls',
    since: "5.15",
  });
  assert.equal(lackOf("BPF_STX uses reserved fields", "processed 0 insns")?.since, "5.12");
  assert.equal(
    lackOf("Arg#0 type PTR in walk_user_stack() is not supported yet.")?.feature,
    "functions that take pointers",
  );
  assert.equal(
    lackOf("number of funcs in func_info doesn't match number of subprogs")?.feature,
    "functions that helpers call",
  );
});

test("a complaint about the program is no lack of the kernel", () => {
  assert.equal(lackOf("R1 invalid mem access 'inv'"), undefined);
  // Known to all kernels that are supported: refused for another reason.
  assert.equal(lackOf("unknown func bpf_override_return#58"), undefined);
});
