import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Folder } from "../../tests/support/workload.ts";
import { isOwnDescriptor, isWritable, requireWritable, writeFile } from "./write_file.ts";
import { close, O_NONBLOCK, O_RDONLY, open } from "./files.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("writeFile() makes and replaces files, requireWritable() keeps what they have", () => {
  using folder = new Folder();
  const file = join(folder.path, "file");
  requireWritable(file);
  assert.equal(readFileSync(file, "utf8"), "");
  writeFile(file, bytes("long text\n"));
  requireWritable(file);
  assert.equal(readFileSync(file, "utf8"), "long text\n");
  writeFile(file, bytes("short\n"));
  assert.equal(readFileSync(file, "utf8"), "short\n");
});

test("writing tells in one sentence why it is impossible, and waits for nobody", async () => {
  using folder = new Folder();
  const at = (name: string) => join(folder.path, name);
  execFileSync("mkfifo", [at("fifo")]);
  mkdirSync(at("folder"));
  writeFileSync(at("file"), "");
  symlinkSync("itself", at("itself"));
  const server = createServer().listen(at("socket"));
  await once(server, "listening");
  try {
    const cases: [path: string, code: string, cause: string | undefined][] = [
      [at("fifo"), "ENXIO", "it is a FIFO that nobody reads: start its reader first"],
      [at("socket"), "ENXIO", "it is a socket that cannot be opened: name a file"],
      [at("folder"), "EISDIR", "it is a folder: name a file"],
      [at("none/file"), "ENOENT", "its folder does not exist: make it first"],
      [at("file/file"), "ENOTDIR", "a part of its path is no folder"],
      [at("itself"), "ELOOP", undefined],
    ];
    for (const [path, code, cause] of cases) {
      for (const write of [() => requireWritable(path), () => writeFile(path, bytes("text"))]) {
        assert.throws(write, ({ message, code: name }: Error & { code: string }) => {
          assert.equal(name, code);
          assert.ok(message.startsWith(`Cannot write to ${JSON.stringify(path)}: `), message);
          assert.ok(message.endsWith(`(${code})` + (cause ? `: ${cause}` : "")), message);
          return true;
        });
      }
    }
  } finally {
    server.close();
  }
});

test("writeFile() tells that a device is full", () => {
  assert.throws(() => writeFile("/dev/full", bytes("text")), {
    message: 'Cannot write to "/dev/full": No space left on device (ENOSPC): ' +
      "the file system or device is full: free space, or write elsewhere",
  });
});

test("a FIFO's reader gets all, though it is opened at the start and written later", async () => {
  using folder = new Folder();
  const fifo = join(folder.path, "fifo");
  execFileSync("mkfifo", [fifo]);
  const own = open(fifo, O_RDONLY | O_NONBLOCK);
  requireWritable(fifo);
  const script = 'exec <"$0"; head -c 5; head -c 300007 >"$0.read"';
  const reader = spawn("sh", ["-c", script, fifo], { stdio: ["ignore", "pipe", "inherit"] });
  writeFile(fifo, bytes("begun"));
  await once(reader.stdout, "data");
  // More than a pipe holds.
  writeFile(fifo, new Uint8Array(300_007).fill(7));
  await once(reader, "close");
  close(own);
  assert.deepEqual(new Set(readFileSync(`${fifo}.read`)), new Set([7]));
  assert.equal(readFileSync(`${fifo}.read`).length, 300_007);
});

test("writeFile() gives up on a FIFO's reader who takes nothing", () => {
  using folder = new Folder();
  const fifo = join(folder.path, "fifo");
  execFileSync("mkfifo", [fifo]);
  const own = open(fifo, O_RDONLY | O_NONBLOCK);
  assert.throws(() => writeFile(fifo, new Uint8Array(300_007), { patienceMs: 20 }), {
    code: "EAGAIN",
    message: /: its reader takes nothing$/,
  });
  close(own);
});

test("a descriptor that was handed on is told from one of our own", () => {
  assert.equal(isOwnDescriptor(2), false);
  const fd = open("/dev/null", O_RDONLY);
  assert.deepEqual([isOwnDescriptor(fd), isWritable(fd)], [true, false]);
  close(fd);
  assert.equal(isWritable(fd), false);
});
