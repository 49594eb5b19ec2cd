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
  const text = `${TEXT}\n\n\n\n\n\n\n`;
  assert.equal(new CompileError('"it"', text, output).line, 3);
  const numbered = "/virtual/main.c:9:1: error: odd\n    9 | third\n      | ^\n";
  assert.equal(new CompileError('"it"', text, numbered).line, 3);
});

test("CompileError names another file", () => {
  const output = "/home/me/own.h:7:3: fatal error: 'x.h' file not found\n";
  assert.equal(
    new CompileError('"it"', TEXT, output).message,
    `Cannot compile "it": in "/home/me/own.h" line 7, column 3: 'x.h' file not found`,
  );
});

test("CompileError advises headers from BTF when the installed ones are at fault", () => {
  const output = "include/linux/bpf.h:368:10: error: odd\n";
  assert.equal(
    new CompileError('"it"', TEXT, output).message,
    'Cannot compile "it": in "include/linux/bpf.h" line 368, column 10: odd: ' +
      'this libbcc cannot read the headers of this kernel: use headers: "btf"',
  );
});

test("CompileError calls an undeclared function the same, whatever clang calls it", () => {
  const complaints = [
    "implicit declaration of function 'f' is invalid in C99 [-Werror,-Wimplicit-function-declaration]",
    "call to undeclared function 'f'; ISO C99 and later do not support implicit function " +
    "declarations [-Wimplicit-function-declaration]",
  ];
  for (const complaint of complaints) {
    const output = `/virtual/main.c:3:1: error: ${complaint}\nthird\n^\n`;
    assert.match(
      new CompileError('"it"', TEXT, output).message,
      /: line 3, column 1: use of undeclared function 'f'\n/,
    );
  }
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
