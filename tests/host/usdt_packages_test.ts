// USDT probes of packages that are not installed, but unpacked for the test; their files are never run.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { UsdtProbe } from "../../mod.ts";
import { run } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { notesByReadelf, probesIfAny, writtenAsNotes } from "../support/usdt_notes.ts";
import { Folder } from "../support/workload.ts";
import { extractPackages, PrivateApt } from "../vm/apt.ts";

/** By suite: packages with probes whose arguments differ between locations. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  sid: ["libc6"],
  trixie: ["postgresql-17", "openjdk-21-jre-headless", "libvirt0", "sssd-common"],
};

/** Unpacks packages; returns their files that have probes. */
async function unpacked(folder: string, suite: string, names: readonly string[]) {
  const { signal } = new AbortController();
  const [lists, target] = [join(folder, "apt"), join(folder, suite)];
  const apt = await PrivateApt.open(lists, suite, signal);
  await apt.download(names, lists);
  await extractPackages(lists, target, signal);
  rmSync(lists, { recursive: true });
  const { stdout } = await run(["find", target, "-type", "f", "-size", "+4k", "-print"]);
  return stdout.split("\n").filter(Boolean).map((path) => [path, probesIfAny(path)] as const)
    .filter(([, probes]) => probes.length > 0);
}

/** Whether an argument's operand or type differs between the probe's locations. */
function differs({ locations }: UsdtProbe): boolean {
  const texts = locations.map((location) =>
    JSON.stringify(location.arguments.map(({ type, operand }) => [type, operand]))
  );
  return new Set(texts).size > 1;
}

/** Arguments for trace that print a probe's arguments, except operands that are addressed by a symbol. */
function hooksOf(path: string, { provider, name, locations }: UsdtProbe): string[] {
  const most = Math.max(...locations.map((location) => location.arguments.length));
  const isReadable = (i: number) =>
    locations.every((location) => !location.arguments[i]?.operand.endsWith("(%rip)"));
  const args = Array.from({ length: most }, (_, i) => i).filter(isReadable).map((i) =>
    `arg${i + 1}`
  );
  const text = args.map(() => "%llx").join(" ");
  return args.length > 0 ? [`u:${path}:${provider}:${name} "${text}", ${args.join(", ")}`] : [];
}

for (const [suite, names] of Object.entries(PACKAGES)) {
  const title = `trace reads every argument of the probes in ${names.join(", ")} of ${suite}`;
  test(title, { skip: requires(title, "speed", "full") }, async () => {
    using folder = new Folder();
    const files = await unpacked(folder.path, suite, names);
    const hooks = files.flatMap(([path, probes]) =>
      probes.filter(differs).flatMap((probe) => hooksOf(path, probe))
    );
    assert.ok(hooks.length > 1, String(hooks.length));
    for (const [path, probes] of files) {
      assert.deepEqual(writtenAsNotes(probes), await notesByReadelf(path), path);
    }
    // The tool got ready: the verifier accepted all programs, and each location has its uprobe.
    await using tool = await startTool("trace", "--json", ...hooks);
    assert.deepEqual(rowsOf(await stopTool(tool)), []);
  });
}
