import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scriptCommand } from "../../tests/support/runtime.ts";
import { Folder } from "../../tests/support/workload.ts";
import { close, open } from "./files.ts";
import { readNamedFile } from "./read_named_file.ts";

const O_RDWR = 2;
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("readNamedFile() reads files up to a limit", () => {
  using folder = new Folder();
  const file = join(folder.path, "file");
  const text = "0123456789\n".repeat(20_011);
  writeFileSync(file, text);
  assert.equal(textOf(readNamedFile(file)), text);
  assert.equal(textOf(readNamedFile(file, { maxSize: text.length })), text);
  assert.throws(() => readNamedFile(file, { maxSize: text.length - 1 }), { code: "EFBIG" });
  writeFileSync(file, "");
  assert.equal(readNamedFile(file).length, 0);
  // A file of /proc, whose size is 0: it is read to its end.
  assert.match(textOf(readNamedFile("/proc/self/status")), /^Name:\t/);
});

test("readNamedFile() tells what it does not read, and waits for nobody", () => {
  using folder = new Folder();
  const fifo = join(folder.path, "fifo");
  execFileSync("mkfifo", [fifo]);
  const cases: [path: string, code: string, cause: RegExp][] = [
    [fifo, "EPIPE", /^Cannot read ".*": Broken pipe \(EPIPE\): nobody writes this FIFO$/],
    [folder.path, "EISDIR", /: it is a directory: name a file$/],
    ["/dev/zero", "EINVAL", /: it is a character device: name a file$/],
    [`${fifo}2`, "ENOENT", /^Cannot open ".*fifo2": No such file or directory \(ENOENT\)$/],
  ];
  for (const [path, code, message] of cases) {
    assert.throws(() => readNamedFile(path), { code, message });
  }
  const writer = open(fifo, O_RDWR);
  assert.throws(() => readNamedFile(fifo, { patienceMs: 20 }), {
    code: "EAGAIN",
    message: /: its writer writes nothing$/,
  });
  close(writer);
});

test("readNamedFile() reads a pipe to its end", async () => {
  using folder = new Folder();
  const script = join(folder.path, "script.ts");
  const url = new URL("read_named_file.ts", import.meta.url).href;
  writeFileSync(
    script,
    `import { readNamedFile } from ${JSON.stringify(url)};
    console.log(readNamedFile(process.argv[2]).length);\n`,
  );
  const command = scriptCommand(script).map((word) => `'${word}'`).join(" ");
  const { stdout, stderr } = spawnSync("bash", ["-c", `${command} <(head -c 300007 /dev/zero)`]);
  assert.equal(textOf(stdout), "300007\n", textOf(stderr));
  const fifo = join(folder.path, "fifo");
  execFileSync("mkfifo", [fifo]);
  const child = spawn("bash", ["-c", `exec 3<>${fifo}; echo begun; head -c 70007 /dev/zero >&3`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  assert.equal(readNamedFile(fifo).length, 70_007);
});
