import assert from "node:assert/strict";
import { test } from "node:test";
import { CompileError } from "../../mod.ts";
import { CSource } from "./c_source.ts";
import { parseExpression } from "./expression.ts";
import { ProbeError } from "./probe_error.ts";

const PROBE = "p::f (arg1->x > 0)";

function source(): CSource {
  const source = new CSource();
  source.add("int f() {", "  if (!(");
  source.expression(parseExpression(PROBE, 6, 17), "arg1->x > 0");
  source.add("  )) return 0;", "}");
  return source;
}

/** An error of clang's at a position in the text. */
function said(text: string, line: number, column: number): CompileError {
  const quoted = text.split("\n")[line - 1];
  return new CompileError(
    '"trace"',
    text,
    `/virtual/main.c:${line}:${column}: error: no member named 'x' [-Werror,-Wz]\n${quoted}\n`,
  );
}

test("CSource shows what the compiler says under the user's text", () => {
  const made = source();
  const text = `#include <a.h>\n${made.text}`;
  const mistake = made.explain(said(text, 4, 7), text);
  assert.ok(mistake instanceof ProbeError);
  assert.equal(
    mistake.message,
    `this does not compile: no member named 'x'\n  ${PROBE}\n${" ".repeat(2 + 12)}^`,
  );
  const missing = made.explain(said(text, 5, 3), text);
  assert.equal((missing as Error).message.split("\n").at(-1), " ".repeat(2 + 17) + "^");
  const conversion = made.explain(said(text, 3, 3), text);
  assert.equal((conversion as Error).message.split("\n").at(-1), " ".repeat(2 + 6) + "^");
});

test("CSource leaves alone what is not about an expression", () => {
  const made = source();
  const error = said(made.text, 1, 1);
  assert.equal(made.explain(error, made.text), error);
  const other = new TypeError("other");
  assert.equal(made.explain(other, made.text), other);
});
