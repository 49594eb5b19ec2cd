import assert from "node:assert/strict";
import { test } from "node:test";
import { readLink, readText } from "./files.ts";
import { releaseCode } from "./release_code.ts";

/** How many KiB of the executable's code this process has mapped, and of its other parts that are written to. */
function resident(): { code: number; written: number } {
  const path = readLink("/proc/self/exe");
  const counts = { code: 0, written: 0 };
  for (const part of readText("/proc/self/smaps").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    if (!part.split("\n")[0]!.endsWith(path)) continue;
    const size = (what: string) => Number(new RegExp(`^${what}: +(\\d+)`, "m").exec(part)![1]);
    if (/^\S+ r-xp/.test(part)) counts.code += size("Rss");
    else counts.written += size("Anonymous");
  }
  return counts;
}

test("releaseCode() lets go of code that does not run, and of nothing that was written", () => {
  resident(); // maps the code that it needs itself
  const before = resident();
  releaseCode();
  const after = resident();
  assert.ok(after.code < before.code, `${after.code} of ${before.code} KiB`);
  assert.ok(after.written >= before.written, `${after.written} of ${before.written} KiB`);
});
