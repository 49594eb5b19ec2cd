import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { catches } from "../../tests/support/caught_signals.ts";
import { Running } from "../../tests/support/process.ts";
import { scriptCommand } from "../../tests/support/runtime.ts";
import { Folder } from "../../tests/support/workload.ts";

/** Starts a script that stops by signals, and waits until it can. */
async function start(
  folder: Folder,
  rest: string,
  before: readonly string[] = [],
): Promise<Running> {
  const script = join(folder.path, "script.ts");
  const url = new URL("stop.ts", import.meta.url).href;
  writeFileSync(
    script,
    `import { Stop } from ${JSON.stringify(url)};
    using stop = new Stop(() => console.log("heard"), () => console.log("slow"));
    console.log("begun");
    ${rest}\n`,
  );
  const running = Running.start([...before, ...scriptCommand(script)]);
  await running.find("stdout", /^begun$/m);
  return running;
}

test("who waits for a slow end after a signal is told", async () => {
  using folder = new Folder();
  await using running = await start(folder, "await new Promise((end) => setTimeout(end, 1e6));");
  running.kill("SIGINT");
  await running.find("stdout", /^heard\nslow$/m);
});

test("nohup lets a tool go on after SIGHUP, and a shell's background hears SIGINT", async () => {
  using folder = new Folder();
  await using running = await start(folder, "setInterval(() => {}, 1e6);", [
    "bash",
    "-c",
    'trap "" HUP INT; exec "$@"',
    "shell",
  ]);
  running.kill("SIGHUP");
  running.kill("SIGINT");
  await running.find("stdout", /^heard\n/m);
  running.kill("SIGHUP");
  await running.find("stdout", /^slow\n/m);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(`a second ${signal} ends a tool whose JavaScript hears none`, async () => {
    using folder = new Folder();
    await using running = await start(folder, "for (;;);");
    assert.ok(catches(running.pid, signal));
    running.kill(signal);
    // The handler is gone once the kernel has run it; the loop still runs.
    while (catches(running.pid, signal)) await setTimeout(1);
    running.kill(signal);
    const result = await running.result;
    assert.deepEqual([result.status, result.signal, result.stdout], [null, signal, "begun\n"]);
  });
}
