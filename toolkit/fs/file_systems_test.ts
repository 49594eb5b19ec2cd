import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../options/options.ts";
import { fileSystem, fileSystemOf, words } from "./file_systems.ts";

test("words() makes two words of each type, and none of the rest", () => {
  assert.deepEqual(words(["nfs", "nfs4"]), [0x73666en, 0n, 0x3473666en, 0n, 0n, 0n]);
  assert.deepEqual(words(["0123456789"]).slice(0, 2), [0x3736353433323130n, 0x3938n]);
  assert.throws(() => words(["0123456789abcdef"]), UsageError);
});

test("fileSystem() knows any type by its name", () => {
  assert.deepEqual(fileSystem("tmpfs"), { title: "tmpfs", types: ["tmpfs"] });
  assert.deepEqual(fileSystem("nfs").types, ["nfs", "nfs4"]);
  assert.throws(() => fileSystemOf(undefined), UsageError);
});
