import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../tests/support/process.ts";
import { RUNTIME, scriptCommand } from "../../tests/support/runtime.ts";
import { Folder } from "../../tests/support/workload.ts";

const READY = "const fd = libc().eventfd(1, 0);";
const WATCH = "const event = new Uint8Array(16); event[0] = 1; " +
  "libc().epoll_ctl(libc().epoll_create1(0), 1, fd, event);";

/** What a process does before it looks for its loop, and whether that is found under Bun. */
const CASES: Readonly<Record<string, readonly [text: string, isFound: boolean]>> = {
  "nothing": ["", true],
  "give the loop something to do": [
    "process.on('SIGHUP', () => {}); process.kill(process.pid, 'SIGHUP');",
    true,
  ],
  "make an epoll instance": ["libc().epoll_create1(0);", false],
  "make an epoll instance that is ready": [READY + WATCH, false],
};

for (const [what, [text, isFound]] of Object.entries(CASES)) {
  const tells = isFound && RUNTIME === "Bun" ? "finds the event loop" : "finds nothing";
  test(`findLoop() ${tells} in a process that did this before: ${what}`, async () => {
    using folder = new Folder();
    const script = join(folder.path, "script.ts");
    const modules = ["event_loop.ts", "libc.ts", "files.ts"]
      .map((name) => JSON.stringify(new URL(name, import.meta.url).href));
    writeFileSync(
      script,
      `import { findLoop } from ${modules[0]};
      import { libc } from ${modules[1]};
      import { linkOf } from ${modules[2]};
      ${text}
      const loop = await findLoop();
      console.log(loop === undefined ? "nothing" : linkOf(loop));\n`,
    );
    const { status, stdout, stderr } = await run(scriptCommand(script));
    const found = isFound && RUNTIME === "Bun" ? "anon_inode:[eventpoll]" : "nothing";
    assert.deepEqual([status, stdout], [0, `${found}\n`], stderr);
  });
}
