import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { embedLibraries, lazyLibrary, type LibrarySpec, setLibraryPath } from "./library.ts";
import type { SymbolTable } from "./runtime/runtime.ts";

const folder = mkdtempSync(join(tmpdir(), "ts-bcc-library-"));
after(() => rmSync(folder, { recursive: true }));

const TABLE = {
  who: { parameters: [], result: "i32" },
  newer: { parameters: [], result: "i32", optional: true },
} as const satisfies SymbolTable;

/** Compiles a library whose `who()` returns that number; returns its path. */
function library(number: number, ...flags: string[]): string {
  const path = join(folder, `${number}.so`);
  const { stderr, status } = spawnSync("gcc", ["-shared", "-xc", "-", "-o", path, ...flags], {
    input: `int who(void) { return ${number}; }\n`,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return path;
}

/** A library of a name that no other test uses. */
function spec(name: string): LibrarySpec<typeof TABLE> {
  return {
    name,
    soname: `${name}.so.1`,
    variable: `TSBCC_TEST_${name.toUpperCase()}`,
    table: TABLE,
    hint: "install it",
  };
}

function who(of: LibrarySpec<typeof TABLE>): number {
  return lazyLibrary(of)().who();
}

test("lazyLibrary() takes the given path, the variable, the embedded copy, the system's", () => {
  const order = spec("libtsorder");
  const missing = /^LibraryError: Cannot open libtsorder\.so\.1: cannot open shared object file: /;
  assert.throws(() => who(order), missing);
  embedLibraries([[order.soname, readFileSync(library(3))]]);
  assert.equal(who(order), 3);
  process.env[order.variable] = library(2);
  assert.equal(who(order), 2);
  setLibraryPath(order.name, library(1));
  assert.equal(who(order), 1);
  setLibraryPath(order.name, "system");
  assert.throws(() => who(order), missing);
  setLibraryPath(order.name, "");
  process.env[order.variable] = "system";
  assert.throws(() => who(order), missing);
  process.env[order.variable] = "";
  assert.equal(who(order), 3);
});

test("lazyLibrary() opens the system's copy by its soname", () => {
  const table = { zlibVersion: { parameters: [], result: "pointer" } } as const;
  const libz = { ...spec("libz"), soname: "libz.so.1", table };
  assert.notEqual(lazyLibrary(libz)().zlibVersion(), 0n);
});

test("lazyLibrary() opens once, at the first call", () => {
  const once = spec("libtsonce");
  const open = lazyLibrary(once);
  setLibraryPath(once.name, library(17));
  const first = open();
  setLibraryPath(once.name, "/nowhere");
  assert.equal(open(), first);
  assert.equal(first.who(), 17);
});

test("lazyLibrary() gives null for an optional function that is missing", () => {
  const old = spec("libtsold");
  setLibraryPath(old.name, library(19));
  assert.equal(lazyLibrary(old)().newer, null);
});

test("lazyLibrary() opens chosen copies of needed libraries first", () => {
  // The dynamic loader finds libtsbase.so.1 nowhere but among the libraries already open.
  const base = spec("libtsbase");
  const basePath = library(23, `-Wl,-soname,${base.soname}`);
  const path = library(29, "-Wl,--no-as-needed", "-xnone", basePath);
  const top = spec("libtstop");
  setLibraryPath(top.name, path);
  assert.throws(() => who(top), /Cannot open libtstop\.so\.1 from .*libtsbase\.so\.1: cannot open/);
  setLibraryPath(base.name, basePath);
  assert.equal(who({ ...top, needs: [base] }), 29);
});

function refusal(name: string, path: string): string {
  setLibraryPath(name, path);
  try {
    who(spec(name));
  } catch (error) {
    assert.ok(error instanceof Error && error.name === "LibraryError");
    return error.message;
  }
  return assert.fail("it was opened");
}

test("lazyLibrary() says which file is missing and what to do", () => {
  assert.equal(
    refusal("libtsmissing", "/nowhere/lib.so"),
    'Cannot open libtsmissing.so.1 from "/nowhere/lib.so": ' +
      "cannot open shared object file: No such file or directory: install it",
  );
});

test("lazyLibrary() says so when the system does not have it", () => {
  assert.throws(() => who(spec("libtsabsent")), {
    message: "Cannot open libtsabsent.so.1: cannot open shared object file: No such file or " +
      "directory: install it",
  });
});

test("lazyLibrary() says that a file is no library", () => {
  const text = join(folder, "text.so");
  writeFileSync(text, "This is no library. ".repeat(20));
  assert.equal(
    refusal("libtstext", text),
    `Cannot open libtstext.so.1 from "${text}": invalid ELF header: install it`,
  );
  writeFileSync(text, "");
  assert.match(refusal("libtstext", text), /: file too short: install it$/);
});

test("lazyLibrary() names functions that another library lacks", () => {
  const table = { ...TABLE, where: { parameters: [], result: "i32" }, why: TABLE.who } as const;
  const path = library(31);
  setLibraryPath("libtsother", path);
  assert.throws(lazyLibrary({ ...spec("libtsother"), table }), {
    name: "LibraryError",
    message: `Cannot use libtsother.so.1 from "${path}": it has no where, why: ` +
      "too old, or not libtsother: install it",
  });
});
