import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { ENOENT, json, paths, record, type Row, rowsIn } from "../support/opensnoop.ts";
import { rowsOf } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const EFAULT = 14;
const END = "end-of-workload";

test("opensnoop -F shows full paths, from the working directory and from a descriptor", async () => {
  const deep = "a/b/../b/c";
  using outer = new Folder();
  mkdirSync(`${outer.path}/a/b/c`, { recursive: true });
  const { result } = await record(json("-F"), () => [
    `cd=${outer.path}/${deep}`,
    "missing=here:1",
    `missing=${outer.path}/absolute:1`,
    `at=${outer.path}/a:b/nothing`,
    "cd=/",
    `missing=root-${END}:1`,
  ]);
  const rows = rowsOf<Row>(result);
  const mine = paths(rows).filter((path) => path.startsWith(outer.path) || path.includes(END));
  assert.deepEqual(mine, [
    `${outer.path}/a/b/c/here0`,
    `${outer.path}/absolute0`,
    `${outer.path}/a`,
    `${outer.path}/a/b/nothing`,
    `/root-${END}0`,
  ]);
});

test("opensnoop -F starts at the root that the process sees", async () => {
  using root = new Folder();
  mkdirSync(`${root.path}/inside`);
  const { result } = await record(
    ({ pid }) => ["--json", "-F", "-p", String(pid)],
    () => [`chroot=${root.path}`, "missing=at-root:1", "cd=/inside", "missing=here:1"],
  );
  const rows = rowsOf<Row>(result);
  assert.deepEqual(paths(rows), ["/at-root0", "/inside/here0"]);
});

test("opensnoop sees creat, and opens by a file's handle with the name that the kernel knows", async () => {
  const ESTALE = 116;
  using folder = new Folder();
  // A tmpfs, because not every file system supports file handles.
  const mount = spawnSync("mount", ["-t", "tmpfs", "none", folder.path]);
  assert.equal(mount.status, 0, String(mount.stderr));
  try {
    for (const [flags, known] of [["", "..."], ["-F", `${folder.path}`]] as const) {
      const { result, pid } = await record(
        ({ pid }) => ["--json", "-e", "-p", String(pid), ...flags === "" ? [] : [flags]],
        () => [
          `creat=${folder.path}/one`,
          `handle=${folder.path}/one`,
          `creat=${folder.path}/two`,
          `stale=${folder.path}/two`,
        ],
      );
      const rows = rowsOf<Row>(result);
      assert.ok(rows.every((row) => row.pid === pid));
      const directory = [0o200000, null, 3, 0, folder.path]; // the directory of the handle, opened first
      assert.deepEqual(rows.map(({ flags, mode, fd, err, path }) => [flags, mode, fd, err, path]), [
        [0o1101, 0o604, 3, 0, `${folder.path}/one`],
        directory,
        [0, null, 4, 0, `${known}/one`],
        [0o1101, 0o604, 3, 0, `${folder.path}/two`],
        directory,
        [0, null, -1, ESTALE, "(file handle)"],
      ]);
    }
    const args = ["--json", "-x", "-f", "O_WRONLY"];
    const { result } = await record(({ pid }) => [...args, "-p", String(pid)], () => [
      `creat=${folder.path}/one`,
      `handle=${folder.path}/one`,
      `stale=${folder.path}/one`,
    ]);
    assert.deepEqual(rowsOf<Row>(result), []);
  } finally {
    spawnSync("umount", [folder.path]);
  }
});

test("opensnoop -F follows mounts up to the root", async () => {
  using folder = new Folder();
  const mount = spawnSync("mount", ["-t", "tmpfs", "none", folder.path]);
  assert.equal(mount.status, 0, String(mount.stderr));
  try {
    mkdirSync(`${folder.path}/inside`);
    const { result } = await record(
      json("-F", "-x"),
      () => [`cd=${folder.path}/inside`, "missing=here:1"],
    );
    assert.deepEqual(paths(rowsIn(result, folder.path)), [`${folder.path}/inside/here0`]);
  } finally {
    spawnSync("umount", [folder.path]);
  }
});

test("opensnoop reads a path whose page is not resident, at exit", async () => {
  using folder = new Folder();
  const hidden = `${folder.path}/cold-path`;
  writeFileSync(`${folder.path}/page`, hidden + "\0");
  const { result } = await record(json(), () => [`cold=${folder.path}/page`]);
  assert.deepEqual(paths(rowsIn(result, folder.path)), [`${folder.path}/page`, hidden]);
});

test("opensnoop shows long paths whole and marks those that are cut", async () => {
  const ENAMETOOLONG = 36; // the longest path has 4,095 bytes
  const lengths = [255, 256, 257, 4095, 4096, 5000];
  const long = (length: number) => "/".repeat(length - "nothing0".length) + "nothing";
  const { result } = await record(
    ({ pid }) => ["--json", "-p", String(pid)],
    () => lengths.map((length) => `missing=${long(length)}:1`),
  );
  const rows = rowsOf<Row>(result);
  assert.deepEqual(
    rows.map(({ path, err }) => [path, err]),
    lengths.map((length) => {
      const path = `${long(length)}0`;
      return length < 4096 ? [path, ENOENT] : [path.slice(0, 4096) + "...", ENAMETOOLONG];
    }),
  );
});

test("opensnoop shows an unreadable path as empty, with its error", async () => {
  const { result } = await record(
    ({ pid }) => ["--json", "-p", String(pid)],
    () => ["null"],
  );
  const rows = rowsOf<Row>(result);
  assert.deepEqual(rows.map(({ err, path }) => [err, path]), [[EFAULT, ""]]);
});

test("opensnoop keeps hostile names from terminal and JSON, and bytes legible", async () => {
  const name = 'a\x1b[31m\nb\x9bc\u202e\tq"\\';
  const steps = (at: string) => [
    "comm=\x1b]0;x\x07",
    `missing=${at}/${name}:1`,
  ];
  const table = await record(({ pid }) => ["-p", String(pid)], steps);
  const line = table.result.stdout.split("\n")[1]!;
  assert.ok(line.endsWith(`${table.folder}/a\\x1b[31m\\nb\\u{9b}c\\u{202e}\\tq"\\0`), line);
  assert.match(line, / \\x1b\]0;x\\x07 /);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(table.result.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);

  const asJson = await record(json(), steps);
  const rows = rowsIn(asJson.result, asJson.folder);
  assert.deepEqual(paths(rows), [`${asJson.folder}/${name}0`]);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(asJson.result.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
});

test("opensnoop keeps bytes that are not UTF-8", async () => {
  using folder = new Folder();
  const hidden = new Uint8Array([...new TextEncoder().encode(`${folder.path}/x`), 0xff, 0xc3, 0]);
  writeFileSync(`${folder.path}/page`, hidden);
  const { result } = await record(json(), () => [`cold=${folder.path}/page`]);
  const row = rowsIn(result, folder.path)[1]!;
  assert.equal(row.path, `${folder.path}/x\\xff\\xc3`);
  assert.equal(row.path_hex, hidden.subarray(0, -1).toHex());
});
