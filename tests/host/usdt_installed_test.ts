import assert from "node:assert/strict";
import { test } from "node:test";
import { UprobeGuard } from "../../bpf/attach/uprobe_guard.ts";
import { parseOperand } from "../../plumbing.ts";
import { run } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { notesByReadelf, probesIfAny, writtenAsNotes } from "../support/usdt_notes.ts";

/** The folders in which packages install programs and libraries. */
const FOLDERS = ["/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec"];

/**
 * The programs and libraries of this machine, by find(1): Bun's readdirSync() with `recursive` follows
 * symbolic links, and /usr/bin/X11 is a link to its own folder.
 */
async function installedFiles(): Promise<string[]> {
  const code = ["(", "-perm", "/111", "-o", "-name", "*.so", "-o", "-name", "*.so.*", ")"];
  const { stdout } = await run(["find", ...FOLDERS, "-type", "f", ...code, "-print"]);
  return stdout.split("\n").filter(Boolean);
}

const installed = "usdtProbes() reads every note of the installed files as readelf does";
test(installed, { skip: requires(installed, "speed") }, async () => {
  const withProbes = (await installedFiles()).map((path) => [path, probesIfAny(path)] as const)
    .filter(([, probes]) => probes.length > 0);
  // At least these two: libstdc++ comes with gcc, and test.sh installs Ruby.
  const libraries = withProbes.map(([path]) => /lib(stdc\+\+|ruby)/.exec(path)?.[0]);
  assert.ok(libraries.includes("libstdc++") && libraries.includes("libruby"));
  for (const [path, probes] of withProbes) {
    assert.deepEqual(writtenAsNotes(probes), await notesByReadelf(path), path);
    const operands = probes.flatMap(({ locations }) => locations)
      .flatMap((location) => location.arguments.map(({ operand }) => operand));
    // Every operand can be read, except vector registers.
    const unread = operands.filter((operand) => parseOperand(operand) === undefined);
    assert.deepEqual(unread.filter((operand) => !/^%[xyz]mm\d+$/.test(operand)), [], path);
  }
});

const places =
  "the places of all installed USDT probes may be probed, whatever the kernel does with nops";
test(places, { skip: requires(places, "speed") }, async () => {
  let count = 0;
  for (const path of await installedFiles()) {
    const probes = probesIfAny(path);
    if (probes.length === 0) continue;
    using guard = new UprobeGuard(path, () => true);
    for (const { offset } of probes.flatMap(({ locations }) => locations)) {
      guard.check(offset, `probe ${path}+${offset}`);
      count++;
    }
  }
  assert.ok(count > 0);
});
