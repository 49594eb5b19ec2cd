// Not in guests: the same events are compared exactly by opensnoop's tests.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Running, untilSeen } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

test("README's library example runs as it is printed", async () => {
  const readme = readFileSync(`${PROJECT}README.md`, "utf8");
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text!);
  assert.equal(examples.length, 1);
  using folder = new Folder();
  const script = `${folder.path}/example.ts`;
  writeFileSync(script, examples[0]!.replaceAll('"./', `"${PROJECT}`));
  await using running = Running.start(scriptCommand(script));
  await untilSeen(running, `${folder.path}/does-not-exist`);
  running.kill("SIGINT");
  assert.equal((await running.result).stderr, "");
});
