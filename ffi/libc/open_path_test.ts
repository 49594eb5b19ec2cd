import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ErrnoError } from "./errno_error.ts";
import { findBelow, findPath, openFound, readAt, statusOf, usingDescriptor } from "./open_path.ts";

test("findBelow() follows links within the root that it is given", () => {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-below-"));
  try {
    mkdirSync(join(folder, "etc"));
    mkdirSync(join(folder, "tmp"));
    writeFileSync(join(folder, "etc/hostname"), "inner");
    symlinkSync("/etc/hostname", join(folder, "tmp/absolute"));
    symlinkSync("../../../../../etc/hostname", join(folder, "tmp/relative"));
    symlinkSync("/etc/passwd", join(folder, "tmp/absent"));
    usingDescriptor(findPath(folder, true), (root) => {
      const read = (path: string) =>
        usingDescriptor(
          findBelow(root, path, true)!,
          (found) =>
            usingDescriptor(openFound(found, path), (fd) => {
              const bytes = new Uint8Array(new ArrayBuffer(100));
              const length = readAt(fd, bytes, 0, path);
              return new TextDecoder().decode(bytes.subarray(0, length));
            }),
        );
      assert.equal(read("tmp/absolute"), "inner");
      assert.equal(read("tmp/relative"), "inner");
      assert.equal(read("../../etc/hostname"), "inner");
      assert.throws(
        () => findBelow(root, "tmp/absent", true),
        (error) => error instanceof ErrnoError && error.code === "ENOENT",
      );
      usingDescriptor(findBelow(root, "tmp/absent", false)!, (found) => {
        assert.equal(statusOf(found, "absent").kind, "symbolic link");
      });
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
