import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ElfFile } from "../../bpf/elf/elf_file.ts";
import { userFunctions, UserSymbols } from "../../mod.ts";
import { buildProgram } from "../support/build.ts";
import { miniDebugProgram } from "../support/mini_debug.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";

async function inFolder(use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-mini-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const named = "UserSymbols names functions of a stripped program from its MiniDebugInfo";
test(named, { skip: requires(named, "speed") }, () =>
  inFolder(async (folder) => {
    const path = miniDebugProgram(buildProgram("symbols.c"), folder);
    await using running = Running.start([path]);
    const line = await running.find("stdout", /^(0x\S+) (0x\S+) (0x\S+) (0x\S+) .*\n/);
    const [cplusplus, , plain, puts] = line.slice(1).map(BigInt) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    using symbols = new UserSymbols();
    const { pid } = running;
    assert.deepEqual(symbols.resolve(pid, plain + 2n), { name: "plain", offset: 2, module: path });
    assert.equal(symbols.resolve(pid, cplusplus)?.name, "ns::thing(int)");
    assert.equal(symbols.resolve(pid, puts + 1n)?.name, "puts");
  }));

const listed = "userFunctions() lists them, and ElfFile finds them by name";
test(listed, { skip: requires(listed, "speed") }, () =>
  inFolder((folder) => {
    const whole = buildProgram("symbols.c");
    const path = miniDebugProgram(whole, folder);
    using before = new ElfFile(whole);
    using after = new ElfFile(path);
    assert.deepEqual(after.function("plain"), before.function("plain"));
    const names = (file: string) => userFunctions(file, /^(plain|main)$/).map(({ name }) => name);
    assert.deepEqual(names(path).sort(), ["main", "plain"]);
    const stripped = join(folder, "stripped");
    copyFileSync(path, stripped);
    const remove = ["--remove-section=.gnu_debugdata", stripped];
    assert.equal(spawnSync("objcopy", remove).status, 0);
    assert.deepEqual(names(stripped), []);
  }));

const corrupt = "a corrupt MiniDebugInfo, or one that unpacks to gigabytes, costs its names only";
test(corrupt, { skip: requires(corrupt, "speed") }, () =>
  inFolder((folder) => {
    const path = miniDebugProgram(buildProgram("symbols.c"), folder);
    const bytes = readFileSync(path);
    const packed = bytes.indexOf(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0));
    assert.ok(packed > 0);
    for (const at of [0, 8, 100]) {
      const corrupt = Uint8Array.from(bytes);
      corrupt.fill(0xaa, packed + at, packed + at + 16);
      const file = join(folder, `corrupt${at}`);
      writeFileSync(file, corrupt);
      assert.deepEqual(userFunctions(file, /^plain$/), []);
    }
    const bomb = join(folder, "bomb");
    writeFileSync(bomb, new Uint8Array(200 * 2 ** 20));
    assert.equal(spawnSync("xz", ["-0", bomb]).status, 0);
    const heavy = miniDebugProgram(buildProgram("symbols.c"), folder, `${bomb}.xz`);
    assert.deepEqual(userFunctions(heavy, /^plain$/), []);
  }));
