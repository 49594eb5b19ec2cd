import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { libbcc } from "../../ffi/libbcc.ts";

/** The version of the loaded libbcc, from its file's name in /proc/self/maps. */
function openedVersion(): string {
  const path = /\/libbcc\.so\.(0\.\d+\.\d+)$/m.exec(readFileSync("/proc/self/maps", "utf8"));
  return path?.[1] ?? "none";
}

test("libbcc has each optional function from the version on that brought it", () => {
  const { bcc_procutils_which_so_in_process, bcc_elf_is_pie } = libbcc();
  const minor = Number(openedVersion().split(".")[1]);
  assert.equal(bcc_procutils_which_so_in_process !== null, minor >= 31);
  assert.equal(bcc_elf_is_pie !== null, minor >= 32);
});

test("libbcc is the one that the run is meant to try", () => {
  libbcc();
  const { TSBCC_LIBBCC_VERSION } = process.env;
  assert.match(openedVersion(), /^0\.(2[6-9]|[3-9]\d)\.\d+$/);
  if (TSBCC_LIBBCC_VERSION) assert.equal(openedVersion(), TSBCC_LIBBCC_VERSION);
});
