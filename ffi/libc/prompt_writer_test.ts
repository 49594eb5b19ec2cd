import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Folder } from "../../tests/support/workload.ts";
import { runtime } from "../runtime/runtime.ts";
import { whenReady, WRITABLE } from "./epoll.ts";
import { close, linkOf, O_APPEND, O_WRONLY, open } from "./files.ts";
import { libc } from "./libc.ts";
import { alloc, copyOf } from "./memory.ts";
import { PromptWriter } from "./prompt_writer.ts";

const [SYS_PIPE2, SYS_SOCKETPAIR] = process.arch === "arm64" ? [59n, 199n] : [293n, 53n];
const O_NONBLOCK = 0o4000;
const [AF_UNIX, SOCK_STREAM] = [1n, 1n];

function twoDescriptors(make: (address: bigint) => bigint): readonly [number, number] {
  const fds = new Int32Array(new ArrayBuffer(8));
  assert.equal(make(runtime.addressOf(new Uint8Array(fds.buffer))), 0n);
  return [fds[0]!, fds[1]!];
}

const pipe = (flags: number) =>
  twoDescriptors((address) => libc().syscall(SYS_PIPE2, address, BigInt(flags), 0n, 0n, 0n, 0n));

const sockets = () =>
  twoDescriptors((address) =>
    libc().syscall(SYS_SOCKETPAIR, AF_UNIX, SOCK_STREAM, 0n, address, 0n, 0n)
  );

const PLACES = {
  "a pipe that does not block": () => pipe(O_NONBLOCK),
  "a pipe that blocks": () => pipe(0),
  "a socket that blocks": sockets,
};

for (const [what, make] of Object.entries(PLACES)) {
  test(`PromptWriter writes to ${what} what there is room for, and says when it would have to wait`, async () => {
    const [reader, descriptor] = make();
    const writer = PromptWriter.open(descriptor)!;
    const bytes = alloc(1 << 20).fill(0x61);
    const written = writer.write(bytes);
    assert.ok(written > 0 && written < bytes.length, `${written}`);
    assert.equal(writer.write(bytes), 0);
    const { ready } = whenReady(writer.fd, WRITABLE);
    for (let rest = written; rest > 0;) {
      rest -= Number(libc().read(reader, bytes, BigInt(bytes.length)));
    }
    assert.equal(await ready, true);
    assert.equal(writer.write(bytes.subarray(0, 7)), 7);
    close(reader);
    assert.throws(() => writer.write(bytes), { name: "ErrnoError", code: "EPIPE" });
    writer[Symbol.dispose]();
    if (writer.fd !== descriptor) assert.equal(linkOf(writer.fd), undefined);
    close(descriptor);
  });
}

test("PromptWriter goes on where a file was written to before", () => {
  using folder = new Folder();
  const path = join(folder.path, "file");
  writeFileSync(path, "before ");
  const descriptor = open(path, O_WRONLY | O_APPEND);
  const bytes = (text: string) => copyOf(new TextEncoder().encode(text));
  assert.equal(libc().write(descriptor, bytes("first "), 6n), 6n);
  const writer = PromptWriter.open(descriptor)!;
  assert.equal(writer.fd, descriptor);
  assert.equal(writer.write(bytes("second")), 6);
  assert.equal(readFileSync(path, "utf8"), "before first second");
  close(descriptor);
});
