import assert from "node:assert/strict";
import { constants } from "node:fs";
import { test } from "node:test";
import { openFlagFilters } from "./open_flags.ts";

/** The filter of one flag: mask and value. */
function one(name: string): readonly [number, number] {
  const { flag_filters, flag_masks, flag_values } = openFlagFilters([name]) as {
    flag_filters: number;
    flag_masks: number[];
    flag_values: number[];
  };
  assert.equal(flag_filters, 1);
  return [flag_masks[0]!, flag_values[0]!];
}

test("openFlagFilters() compares access modes as a whole", () => {
  assert.deepEqual(one("O_RDONLY"), [3, 0]);
  assert.deepEqual(one("O_WRONLY"), [3, 1]);
  assert.deepEqual(one("O_RDWR"), [3, 2]);
});

// Deno and Bun also have constants of other systems (O_SYMLINK), undefined here.
const KNOWN = Object.entries(constants).filter(([name, number]) =>
  /^O_(?!RDONLY|WRONLY|RDWR|SYMLINK)/.test(name) && number !== undefined
) as [string, number][];

test("openFlagFilters() knows the flags by the numbers this machine has", () => {
  assert.ok(KNOWN.length > 10, String(KNOWN));
  for (const [name, number] of KNOWN) assert.deepEqual(one(name), [number, number], name);
});

test("openFlagFilters() wants all bits of a flag of several", () => {
  const [directory] = one("O_DIRECTORY");
  assert.deepEqual(one("O_TMPFILE"), [0o20000000 | directory, 0o20000000 | directory]);
  const [dsync] = one("O_DSYNC");
  const [sync] = one("O_SYNC");
  assert.equal(sync & dsync, dsync);
  assert.notEqual(sync, dsync);
});

test("openFlagFilters() fills the arrays of the kernel side", () => {
  const filters = openFlagFilters(["O_RDWR", "O_CREAT", "O_RDWR"]);
  assert.equal(filters.flag_filters, 2);
  assert.deepEqual(filters.flag_masks, [3, 0o100, ...new Array(14).fill(0)]);
  assert.deepEqual(filters.flag_values, [2, 0o100, ...new Array(14).fill(0)]);
  assert.equal(openFlagFilters([]).flag_filters, 0);
});

test("openFlagFilters() refuses what open(2) does not have", () => {
  for (const name of ["O_NOPE", "o_rdwr", "RDWR", "", "toString", "__proto__"]) {
    assert.throws(() => openFlagFilters(["O_RDWR", name]), {
      name: "UsageError",
      message: `invalid value "${name}" for -f/--flag_filter: ` +
        "expected a flag of open(2), such as O_WRONLY or O_CREAT",
    });
  }
});

test("openFlagFilters() refuses more flags than the kernel side has room for", () => {
  const names = (
    "O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_DSYNC " +
    "O_ASYNC O_NOATIME O_CLOEXEC O_SYNC O_PATH O_TMPFILE O_DIRECT"
  ).split(" ");
  assert.equal(openFlagFilters(names.slice(0, 16)).flag_filters, 16);
  assert.throws(() => openFlagFilters(names), {
    name: "UsageError",
    message: "expected at most 16 different flags",
  });
});
