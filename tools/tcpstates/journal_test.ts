import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { close } from "../../ffi/libc/files.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { openUnixDatagram, receive } from "../../ffi/libc/socket.ts";
import { Journal, journalEntry } from "./journal.ts";

const TEXT = "A\n\x04\0\0\0\0\0\0\0b\nc!\nMESSAGE\n\x03\0\0\0\0\0\0\0→\n";

test("journalEntry() tells the length of each value, which may hold anything", () => {
  const entry = journalEntry({ A: "b\nc!", MESSAGE: "→" });
  assert.deepEqual(entry, new Uint8Array(new TextEncoder().encode(TEXT)));
});

test("Journal sends entries to a socket, and says so when nobody listens", () => {
  const folder = mkdtempSync(join(tmpdir(), "tsbcc-journal-"));
  const path = join(folder, "socket");
  assert.throws(() => new Journal(path), /Cannot log to the systemd journal: .* \(ENOENT\)/);
  const fd = openUnixDatagram(path, "bind");
  try {
    assert.ok(fd >= 0, String(fd));
    using journal = new Journal(path);
    journal.send({ A: "b\nc!", MESSAGE: "→" });
    const buffer = alloc(256);
    const length = receive(fd, buffer);
    assert.equal(new TextDecoder().decode(buffer.subarray(0, length)), TEXT);
  } finally {
    close(fd);
    rmSync(folder, { recursive: true });
  }
});
