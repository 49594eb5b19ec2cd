import assert from "node:assert/strict";
import { test } from "node:test";
import { CompileError, parseDiagnostics } from "./compile_error.ts";

const TEXT = "first\n\tsecond here;\nthird";

test("CompileError points at the place in the text, tabs kept", () => {
  const output = `/virtual/main.c:2:9: error: no such thing
\tsecond here;
        ^
/virtual/main.c:3:1: warning: odd
third
^
1 warning and 1 error generated.
`;
  const error = new CompileError('"it"', TEXT, output);
  assert.equal(
    error.message,
    'Cannot compile "it": line 2, column 9: no such thing\n2 | \tsecond here;\n  | \t       ^',
  );
  assert.equal(error.log, output);
  assert.deepEqual(error.diagnostics.map(({ severity }) => severity), ["error", "warning"]);
});

test("CompileError finds the user's line when the compiler's is further down", () => {
  const output = "/virtual/main.c:9:1: error: odd\nthird\n^\n";
  assert.equal(new CompileError('"it"', `${TEXT}\n\n\n\n\n\n\n`, output).line, 3);
});

test("CompileError names another file", () => {
  const output = "/home/me/own.h:7:3: fatal error: 'x.h' file not found\n";
  assert.equal(
    new CompileError('"it"', TEXT, output).message,
    `Cannot compile "it": in "/home/me/own.h" line 7, column 3: 'x.h' file not found`,
  );
});

test("CompileError tells what the compiler says without a place", () => {
  assert.equal(
    new CompileError('"it"', TEXT, "error: unknown argument: '-fno'\n").message,
    `Cannot compile "it": unknown argument: '-fno'`,
  );
  assert.equal(
    new CompileError('"it"', TEXT, "").message,
    'Cannot compile "it": the compiler did not say why',
  );
});

test("parseDiagnostics() tells each complaint once", () => {
  const output = "/virtual/main.c:3:1: error: odd\nthird\n^\n".repeat(2);
  assert.equal(parseDiagnostics(TEXT, output).length, 1);
});
