import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { run } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { RUNTIME, scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

const SCRIPT = join(PROJECT, "tests/support/kernel_code.ts");
/**
 * The output of kernel_code.ts: four rounds of four times 3, 6, 9 and 12; then the counts of calls.
 */
const EXPECTED = "12 24 36 48 18n 3\n";

test("kernel code runs from its source", async () => {
  const { status, stdout, stderr } = await run(scriptCommand(SCRIPT));
  assert.equal(stderr, "");
  assert.equal(stdout, EXPECTED);
  assert.equal(status, 0);
});

// --minify renames identifiers and folds constants in the functions' source text, which the kernel
// compiler reads.
for (const flags of [[], ["--bytecode"], ["--minify"], ["--minify", "--bytecode"]]) {
  const name = `kernel code runs in an executable of bun build ${flags.join(" ")}`;
  // Guests run only the variant with both flags, whose text differs most.
  const isLeftOut = flags.length < 2 && requires(name, "speed");
  test(
    name,
    { skip: isLeftOut || (RUNTIME === "Bun" ? false : "Deno has no base to compile with here") },
    async () => {
      using folder = new Folder();
      const out = join(folder.path, "program");
      const build = [process.execPath, "build", "--compile", "--format=esm", ...flags];
      const built = await run([...build, SCRIPT, "--outfile", out]);
      assert.equal(built.status, 0, built.stderr);
      const { status, stdout, stderr } = await run([out]);
      assert.equal(stderr, "");
      assert.equal(stdout, EXPECTED);
      assert.equal(status, 0);
    },
  );
}

/** Left out: tests of messages, whose locations differ without a source file. */
const OF_MESSAGES = [
  "what JavaScript throws at, or the kernel has not, is refused with its reason",
  "a wrong place in a shared function is shown with the file and the program",
];
const FILES = [
  ...["functions", "hooks", "kernel", "map_values", "network", "numbers", "semantics"],
  ...["statements", "usdt", "values"],
];

const whole = "each construct and hook runs in a minified executable";
const onMachineOnly = requires(whole, "speed") && requires(whole, "full");
test(
  whole,
  { skip: onMachineOnly || (RUNTIME === "Bun" ? false : "Deno has no base to compile with here") },
  async () => {
    using folder = new Folder();
    const out = join(folder.path, "tests");
    const files = FILES.map((name) => join(PROJECT, `tests/host/typescript_${name}_test.ts`));
    const compiler = scriptCommand(join(PROJECT, "tests/support/compile_tests.ts"));
    const built = await run([...compiler, out, "true", ...files]);
    assert.deepEqual([built.status, built.stderr], [0, ""]);
    const { stdout } = await run([out]);
    const lines = stdout.split("\n");
    const [passed, failed] = ["passed ", "failed "].map((word) =>
      lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length))
    );
    assert.deepEqual(failed!.filter((name) => !OF_MESSAGES.includes(name)), [], stdout);
    assert.ok(passed!.length > 60, stdout);
  },
);
