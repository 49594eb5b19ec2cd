import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scriptCommand } from "../../tests/support/runtime.ts";
import { Folder } from "../../tests/support/workload.ts";

/** Four pieces of a long report. */
const LINES = 50_021;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

/**
 * Starts a process that prints numbered lines; its reader only begins to read, or goes away, once
 * it says that it has begun.
 */
function start(folder: Folder, before: string) {
  const script = join(folder.path, "script.ts");
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  writeFileSync(
    script,
    `import { ClosedOutput, Output } from ${url("output.ts")};
    import { Stop } from ${url("../run/stop.ts")};
    import { libc } from ${url("../../ffi/libc/libc.ts")};
    ${before}
    const output = new Output();
    using stop = new Stop(() => {});
    stop.whenOutputCloses();
    for (let i = 0; i < ${LINES}; i++) output.line("line " + i + "x".repeat(70));
    const written = output.flush();
    console.error("begun");
    try {
      await written;
    } catch (error) {
      console.error(error instanceof ClosedOutput ? "closed" : error);
    }
    console.error(stop.requested);\n`,
  );
  const [program, ...args] = scriptCommand(script);
  const child = spawn(program!, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  return { child, begun: once(child.stderr, "data"), stderr: () => stderr };
}

const WAYS = {
  "that blocks": "",
  "that does not block": `libc().fcntl(1, ${F_SETFL}, ${O_NONBLOCK});`,
};

for (const [what, before] of Object.entries(WAYS)) {
  test(`Output writes everything once to a slow reader of a pipe ${what}`, async () => {
    using folder = new Folder();
    const { child, begun, stderr } = start(folder, before);
    await begun;
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => text += piece);
    const [status] = await once(child, "close");
    assert.deepEqual([status, stderr()], [0, "begun\nfalse\n"]);
    const lines = text.trimEnd().split("\n");
    assert.equal(lines.length, LINES);
    assert.equal(lines.findIndex((line, i) => line !== `line ${i}${"x".repeat(70)}`), -1);
  });

  test(`Output tells that the reader of a pipe ${what} went away`, async () => {
    using folder = new Folder();
    const { child, begun, stderr } = start(folder, before);
    await begun;
    child.stdout.destroy();
    const [status] = await once(child, "close");
    assert.equal(status, 0, stderr());
    assert.match(stderr(), /^begun\nclosed\n/);
  });
}
