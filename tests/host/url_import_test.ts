// Not in guests: it asks a runtime, not a kernel.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { RUNTIME, scriptCommand } from "../support/runtime.ts";
import { Site } from "../support/site.ts";
import { Folder } from "../support/workload.ts";

/** Runs Deno in a folder outside the project, with an empty cache. */
function deno(folder: Folder, ...args: string[]): Running {
  return Running.start([process.execPath, "run", "--quiet", "--no-prompt", ...args], {
    cwd: folder.path,
    env: { DENO_DIR: join(folder.path, "cache"), NO_COLOR: "1" },
  });
}

function script(folder: Folder, text: string): string {
  const path = join(folder.path, "script.ts");
  writeFileSync(path, text);
  return path;
}

/** The C libraries of ours, such as libbpf, that a process has mapped. */
function libraries(pid: number): string[] {
  const maps = readFileSync(`/proc/${pid}/maps`, "utf8");
  return [...new Set(maps.match(/lib(bpf|bcc|elf)\b|\/memfd:/g))].sort();
}

/** Imports everything, waits for a line, and then makes the first call that needs libbpf. */
const importing = (module: string) => `
  import * as bcc from ${JSON.stringify(module)};
  import { once } from "node:events";
  import process from "node:process";
  console.log("imported", typeof bcc.Bpf.load);
  await once(process.stdin, "data");
  try {
    console.log(bcc.isPrivileged(), bcc.hasMapType("HASH").answer);
  } catch (error) {
    console.log(error.message);
  }
  await once(process.stdin, "data");
  process.exit(0);
`;

test("importing mod.ts opens no library; the first call that needs libbpf does", async () => {
  using folder = new Folder();
  const path = script(folder, importing(`${PROJECT}mod.ts`));
  await using running = Running.start(scriptCommand(path), { cwd: folder.path });
  await running.find("stdout", /^imported function$/m);
  assert.deepEqual(libraries(running.pid), []);
  running.send();
  await running.find("stdout", /^true yes$/m);
  assert.deepEqual(libraries(running.pid), ["libbpf", "libelf"]);
  running.send();
  assert.equal((await running.result).status, 0);
});

// Bun imports nothing by URL.
if (RUNTIME === "Deno") {
  test("importing mod.ts by URL needs no permission but that", async () => {
    await using site = await Site.start();
    using folder = new Folder();
    const path = script(folder, importing(`${site.url}/mod.ts`));
    await using running = deno(
      folder,
      "--no-check",
      `--allow-import=${new URL(site.url).host}`,
      path,
    );
    await running.find("stdout", /^imported function$/m);
    assert.deepEqual(libraries(running.pid), []);
    running.send();
    await running.find("stdout", /^Requires ffi access .* --allow-ffi flag$/m);
    assert.deepEqual(libraries(running.pid), []);
    running.send();
    assert.equal((await running.result).status, 0);
  });

  test("a script elsewhere that imports by URL loads an object and reads events", async () => {
    await using site = await Site.start();
    using folder = new Folder();
    const names = Array.from({ length: 13 }, (_, i) => `${folder.path}/file ${i}`);
    names.forEach((name, i) => i % 3 === 0 || writeFileSync(name, ""));
    const path = script(
      folder,
      `import { Bpf, chars, type Infer, i32, struct, textRest, u32, u64, u8 } from "${site.url}/mod.ts";
      import object from "${site.url}/tools/opensnoop/opensnoop.bpf.o.ts";

      const Who = struct("who", { cgroup: u64, pid: u32, tid: u32, uid: u32, gid: u32, comm: chars(16) });
      const Event = struct("event", {
        time: u64,
        who: Who,
        ret: i32,
        flags: u32,
        mode: u32,
        cut: u8,
        by_handle: u8,
        text: textRest(),
      });
      type Event = Infer<typeof Event>;

      using bpf = Bpf.load(object, { name: "mine", globals: { target_pid: Deno.pid } });
      bpf.attach();
      for (const name of ${JSON.stringify(names)}) {
        try {
          Deno.openSync(name).close();
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
      let left = ${names.length};
      for await (const event of bpf.events("events", Event)) {
        const { who: { pid }, ret, text }: Event = event;
        if (!text.startsWith("${folder.path}/file ")) continue;
        console.log(JSON.stringify([pid === Deno.pid, ret < 0 ? ret : "opened", text]));
        if (--left === 0) break;
      }\n`,
    );
    // With type checks, as in an editor: the exports of mod.ts must be enough.
    const { status, stdout, stderr } = await deno(folder, "--allow-all", "--check", path).result;
    assert.equal(status, 0, stderr);
    const expected = names.map((name, i) => [true, i % 3 === 0 ? -2 : "opened", name]);
    assert.deepEqual(stdout.trim().split("\n").map((line) => JSON.parse(line)), expected);
  });

  test("a tool runs straight from its URL", async () => {
    await using site = await Site.start();
    using folder = new Folder();
    const tool = `${site.url}/tools/opensnoop/opensnoop.ts`;
    const { status, stdout, stderr } = await deno(
      folder,
      "--allow-all",
      "--no-check",
      tool,
      "-d",
      "0.2",
    ).result;
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^PID +COMM +FD ERR PATH\n/);
  });
}
