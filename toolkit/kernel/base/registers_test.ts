/** Whether registers.h takes words of struct pt_regs from where bpf/tables/registers.ts has them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { registerOffset, registerOffsets } from "../../../bpf/tables/registers.ts";

const header = readFileSync(new URL("registers.h", import.meta.url), "utf8");

/** The body of one of its functions. */
const bodyOf = (name: string): string =>
  new RegExp(`^static __always_inline u64 ${name}\\(.*\\n\\{\\n([^]*?)^\\}`, "m").exec(header)![1]!;

/** The words that a function reads, for its argument `n`: `n < 4 ? 14 - n : 13 - n` means the same here. */
function wordsOf(name: string, n = 0): Record<"x64" | "arm64", number> {
  const [, onX86, onArm64] = /REGISTER\(registers, (.*), (.*)\)/.exec(bodyOf(name))!;
  const value = (text: string) => Number(new Function("n", `return ${text}`)(n));
  return { x64: value(onX86!), arm64: value(onArm64!) };
}

for (const architecture of ["x64", "arm64"] as const) {
  test(`registers.h and registers.ts agree about ${architecture}`, () => {
    const { args, result, sp } = registerOffsets(architecture);
    const offset = (name: string, n?: number) => 8 * wordsOf(name, n)[architecture];
    const six = args.slice(0, 6);
    assert.deepEqual(six.map((_, n) => offset("argument", n)), six);
    assert.equal(offset("result"), result);
    assert.equal(offset("stack_at_begin"), sp);
  });
}

test("registers.h and registers.ts agree about the link register", () => {
  const [, word] = /registers\[(\d+)\]/.exec(bodyOf("return_address"))!;
  assert.equal(8 * Number(word), registerOffset("regs[30]", "arm64"));
});
