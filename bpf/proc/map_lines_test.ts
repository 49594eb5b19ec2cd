import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { isDeleted, parseMapLine, parseMaps, readMapLines, readMaps } from "./map_lines.ts";

test("parseMapLine() reads the lines of proc_pid_maps(5)", () => {
  assert.deepEqual(
    parseMapLine("7f1c0000a000-7f1c0000b000 r-xp 0002f000 fe:01 1234  /usr/lib/a b.so (deleted)"),
    {
      start: 0x7f1c0000a000n,
      end: 0x7f1c0000b000n,
      permissions: "r-xp",
      offset: 0x2f000,
      device: "fe:01",
      inode: "1234",
      path: "/usr/lib/a b.so (deleted)",
    },
  );
  const paths = [
    ["00400000-00401000 rwxs 00000000 00:00 0", ""],
    [
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
      "[vsyscall]",
    ],
    ["00400000-00401000 r--p 00000000 103:0a 7 /tmp/new\\012line", "/tmp/new\nline"],
  ] as const;
  for (const [line, path] of paths) assert.equal(parseMapLine(line)?.path, path, line);
});

test("parseMapLine() takes nothing else for a line", () => {
  const bad = [
    "",
    "x",
    "1-2 r-xp 0 0:0",
    "1-2 rwx 0 0:0 0",
    "-1 r-xp 0 0:0 0 /x",
    "g-h r-xp 0 0:0 0",
  ];
  for (const line of bad) assert.equal(parseMapLine(line), undefined, line);
  assert.deepEqual(parseMaps(bad), []);
});

test("readMaps() reads this process's mappings, those of code unless all are asked for", () => {
  const all = readMaps("self", { all: true });
  const code = readMaps("self");
  assert.ok(all.length > code.length && code.length > 1);
  assert.ok(code.every(({ permissions }) => permissions[2] === "x"));
  assert.ok(code.some(({ path }) => path.endsWith("/libc.so.6")));
  assert.ok(all.some(({ path }) => path === "[stack]"));
  assert.ok(all.some((line) => line.path.startsWith("/") && !isDeleted(line)));
  assert.equal(parseMaps(readMapLines("self", { all: true })).every(({ end }) => end > 0n), true);
  assert.throws(
    () => readMaps(2 ** 22 + 1),
    (error) =>
      error instanceof ErrnoError && error.code === "ESRCH" &&
      /list the files of process 4194305/.test(error.message),
  );
});
