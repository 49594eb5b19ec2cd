import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { measure } from "./measure.ts";

const LIMIT_MS = 60_000;
const shell = (name: string, script: string) => ({ name, command: ["/bin/sh", "-c", script] });

test("measure() goes on without a peer that ends early, is missing or does not end", async () => {
  const [early, missing, ours] = await measure(
    [
      shell("early", "echo no such probe >&2"),
      { name: "missing", command: ["/nonexistent/peer"] },
      shell("Bun", "echo '{\"ms\": 4}'; read -r _"),
    ],
    2,
    LIMIT_MS,
  );
  assert.match(early!.failure!, /^Cannot measure early, which ended early: no such probe \(/);
  assert.match(missing!.failure!, /ENOENT|\/nonexistent\/peer/);
  assert.deepEqual([early!.runs, missing!.runs], [[], []]);
  assert.deepEqual(ours!.runs.map(({ ms }) => ms), [4, 4]);
});

test("measure() ends a peer that does not, and what that has started", async () => {
  const folder = mkdtempSync(`${tmpdir()}/ts-bcc-`);
  try {
    const pidFile = `${folder}/pid`;
    const script = `sleep 1000 >&- 2>&- & echo $! >${pidFile}; wait`;
    const [late] = await measure([shell("slow", script)], 1, 1000);
    assert.match(late!.failure!, /^Cannot measure slow, which was ended after 1 s \(/);
    const pid = readFileSync(pidFile, "utf8").trim();
    // It has ended, but may still be a zombie.
    assert.match(stateOf(pid), /^[ZX-]$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function stateOf(pid: string): string {
  try {
    return / \(.*\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))![1]!;
  } catch {
    return "-";
  }
}

test("measure() fails with a subject of ours that fails", async () => {
  await assert.rejects(measure([shell("Deno", "echo broken >&2; exit 1")], 1, LIMIT_MS), /broken/);
});
