/**
 * Tests of file system tools besides their tables of cases: the message on a kernel without that file
 * system, and the offset of appending writes.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Tmpfs } from "../support/disk.ts";
import { Script } from "../support/script.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";

const known = (type: string) =>
  new RegExp(`\\t${type}$`, "m").test(readFileSync("/proc/filesystems", "utf8"));

for (
  const [name, type, title] of [
    ["zfsslower", "zfs", "ZFS"],
    ["zfsdist", "zfs", "ZFS"],
    ["nfsslower", "nfs", "NFS"],
    ["nfsdist", "nfs", "NFS"],
    ["f2fsslower", "f2fs", "f2fs"],
  ] as const
) {
  const skip = known(type) && `this kernel has ${type}`;
  test(`${name} says in a sentence that the kernel has no ${type}`, { skip }, async () => {
    const { status, stdout, stderr } = await runTool(name);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, new RegExp(`^${name}: [^\n]*${title}[^\n]*: mount one first[^\n]*\n$`));
  });
}

test("fsslower tells where writes go that append", async () => {
  using tmpfs = new Tmpfs();
  const file = `${tmpfs.path}/log`;
  await using script = await Script.start(`for i in {1..7}; do printf %1024d 0 >> ${file}; done`);
  await using tool = await startTool(
    "fsslower",
    ...["--json", "-t", "tmpfs", "-m", "0", "-p", String(script.pid)],
  );
  await script.go();
  const rows = rowsOf<{ t: string; bytes: number; off_kb: number }>(await stopTool(tool));
  const writes = rows.filter(({ t }) => t === "W");
  assert.deepEqual(
    writes.map(({ bytes, off_kb }) => [bytes, off_kb]),
    Array.from({ length: 7 }, (_, i) => [1024, i]),
  );
});
