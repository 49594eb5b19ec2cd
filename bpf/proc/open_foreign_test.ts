import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  linkSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, memfd } from "../../ffi/libc/files.ts";
import { type ForeignOptions, openForeign, openForeignIfAny, ownersFor } from "./open_foreign.ts";

async function inFolder(use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-foreign-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function refused(path: string, code: string, reason: RegExp, options?: ForeignOptions): void {
  assert.throws(() => openForeign(path, options), (error) => {
    assert.ok(error instanceof ErrnoError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, reason);
    return true;
  });
  assert.equal(openForeignIfAny(path, options), undefined);
}

test("openForeign() reads regular files and memory files, parts and all", () =>
  inFolder((folder) => {
    const path = join(folder, "file");
    writeFileSync(path, "0123456789");
    using file = openForeign(path, { owners: ownersFor(process.pid), noLinks: true, maxSize: 10 });
    assert.equal(file.size, 10);
    assert.equal(file.status.inode, statSync(path, { bigint: true }).ino);
    assert.equal(file.status.changedAt > 0, true);
    assert.equal(text(file.read(2, 3)), "234");
    assert.equal(text(file.readUpTo(8, 100)), "89");
    appendFileSync(path, "abc");
    assert.equal(text(file.read(8, 4)), "89ab");
    assert.equal(file.refresh().size, 13);
    using again = openForeign(file.descriptorPath);
    assert.equal(again.size, 13);
    file.close();
    file.close();
    assert.throws(() => file.read(0, 1), RangeError);

    const memory = memfd("test", new TextEncoder().encode("in memory"));
    try {
      using opened = openForeign(`/proc/self/fd/${memory}`);
      assert.equal(text(opened.read(3, 6)), "memory");
    } finally {
      close(memory);
    }
  }));

test("openForeign() waits for no FIFO, socket, device or directory", () =>
  inFolder(async (folder) => {
    const fifo = join(folder, "fifo");
    assert.equal(spawnSync("mkfifo", [fifo]).status, 0);
    refused(fifo, "EINVAL", /fifo": .*\(EINVAL\): it is a FIFO, and only regular files are read/);
    refused(folder, "EINVAL", /it is a directory/);
    const zero = join(folder, "zero");
    symlinkSync("/dev/zero", zero);
    refused(zero, "EINVAL", /it is a character device/);
    refused(zero, "ELOOP", /it is a symbolic link, which is not followed/, { noLinks: true });
    refused(join(folder, "none"), "ENOENT", /No such file/);
    const server = createServer();
    const path = join(folder, "socket");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      refused(path, "EINVAL", /it is a socket/);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }));

test("openForeign() believes files of given owners only, and shows no other's by a link", () =>
  inFolder((folder) => {
    const path = join(folder, "secret");
    writeFileSync(path, "root's own");
    const link = join(folder, "link");
    symlinkSync(path, link);
    refused(link, "ELOOP", /symbolic link/, { noLinks: true });
    openForeign(link).close();
    const hard = join(folder, "hard");
    linkSync(path, hard);
    refused(hard, "ELOOP", /it is root's and has another name/, { noLinks: true });
    chownSync(path, 12345, 12345);
    const mine = ownersFor(process.pid);
    refused(path, "EACCES", /belongs to user 12345, who is neither root nor/, { owners: mine });
    openForeign(path).close();
    openForeign(path, { owners: new Set([12345]) }).close();
    // A hard link is accepted to a file that is not root's.
    openForeign(hard, { owners: new Set([12345]), noLinks: true }).close();
  }));

test("openForeign() refuses large files and tells truncated ones", () =>
  inFolder((folder) => {
    const path = join(folder, "sparse");
    writeFileSync(path, "begin");
    truncateSync(path, 2 ** 31);
    refused(path, "EFBIG", /2147483648 bytes, and no more than 1000 are read/, { maxSize: 1000 });
    using file = openForeign(path);
    assert.equal(text(file.read(0, 5)), "begin");
    truncateSync(path, 3);
    assert.throws(() => file.read(0, 5), /ends before byte 5: truncated or corrupt/);
    assert.throws(() => file.read(2 ** 30, 2 ** 30), RangeError);
    assert.equal(text(file.readUpTo(0, 5)), "beg");
    assert.throws(() => file.read(-1, 5), RangeError);
    assert.throws(() => file.read(NaN, 5), RangeError);
  }));

test("openForeign() reads what a process sees below its root", () =>
  inFolder((folder) => {
    writeFileSync(join(folder, "file"), "seen");
    symlinkSync(join(folder, "file"), join(folder, "link"));
    for (const name of ["file", "link"]) {
      using file = openForeign(`/proc/${process.pid}/root${folder}/${name}`);
      assert.equal(text(file.read(0, 4)), "seen");
    }
    refused(`/proc/self/root${folder}/link`, "ELOOP", /symbolic link/, { noLinks: true });
    refused(`/proc/self/root${folder}/none`, "ENOENT", /open "\/proc\/self\/root.*\/none"/);
    // Past the largest process id.
    refused("/proc/4194305/root/etc/passwd", "ENOENT", /4194305/);
  }));

test("ownersFor() tells root, the process's user and who asks", () => {
  const owners = ownersFor(process.pid);
  assert.equal(owners.has(0), true);
  assert.equal(owners.has(process.geteuid!()), true);
  assert.equal(owners.has(12345), false);
  assert.deepEqual([...ownersFor(2 ** 22 + 1)], [...new Set([0, process.geteuid!()])]);
});
