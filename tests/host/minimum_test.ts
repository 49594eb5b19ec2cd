// Not in guests: it asks runtimes and libraries, not a kernel.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MINIMUM } from "../../plumbing.ts";
import { PROJECT } from "../support/build.ts";
import { run } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { RUNTIME, scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";
import { extractPackages, PrivateApt } from "../vm/apt.ts";

test("an older runtime is told in one sentence, whatever is imported first", async () => {
  for (const module of ["mod.ts", "bpf/symbols/mod.ts", "tools/opensnoop/opensnoop.ts"]) {
    using folder = new Folder();
    const script = join(folder.path, "script.ts");
    const versions = RUNTIME === "deno" ? { deno: "2.4.0" } : { bun: "1.2.23" };
    writeFileSync(
      script,
      `import process from "node:process";
      Object.defineProperty(process, "versions", { value: ${JSON.stringify(versions)} });
      await import(${JSON.stringify(PROJECT + module)});`,
    );
    const { status, stdout, stderr } = await run(scriptCommand(script), { env: { NO_COLOR: "1" } });
    assert.deepEqual([status, stdout], [1, ""], stderr);
    const [version] = Object.values(versions);
    const [text, ...more] = stderr.trim().split("\n");
    assert.match(
      text!,
      new RegExp(`^error: .*ts-bcc needs .* or later, this is ${version}: upgrade it$`),
    );
    // Bun adds its own version.
    assert.deepEqual(more.filter((line) => line !== "" && !/^Bun v/.test(line)), []);
  }
});

/** For each function of a library, the symbol version that introduced it. */
function versionsOf(library: string, table: RegExp): Map<string, string> {
  const listed = spawnSync("ldconfig", ["-p"], { encoding: "utf8" }).stdout;
  const path = new RegExp(`^\\s*${library} .*x86-64.* => (.*)$`, "m").exec(listed)![1]!;
  const symbols = spawnSync("nm", ["-D", "--with-symbol-versions", path], { encoding: "utf8" });
  return new Map(
    Array.from(symbols.stdout.matchAll(table), ([, name, version]) => [name!, version!] as const),
  );
}

/** The library functions that a file of ffi/ requires. */
function neededBy(file: string): string[] {
  const text = readFileSync(PROJECT + file, "utf8");
  const [, table] = /^(?:export )?const [A-Z_]+ = \{\n([^]*?)^\} as const/m.exec(text)!;
  return table!.split(/^ {2}(?=\w+: )/m).filter((entry) => !entry.includes("optional: true"))
    .flatMap((entry) => /^\w+/.exec(entry) ?? []);
}

const key = (version: string) => version.split(".").map((part) => part.padStart(4, "0")).join(".");

for (
  const [library, file, least, pattern] of [
    ["libbpf.so.1", "ffi/libbpf_functions.ts", MINIMUM.libbpf, / T (\w+)@@LIBBPF_([\d.]+)/g],
    ["libc.so.6", "ffi/libc/libc.ts", MINIMUM.glibc, / [TWi] (\w+)@@GLIBC_([\d.]+)/g],
  ] as const
) {
  const title = `${file} needs no function that ${library} ${least} lacks`;
  const skip = process.arch === "x64" ? false : "versions differ by architecture";
  test(title, { skip }, () => {
    const versions = versionsOf(library, pattern);
    const needed = neededBy(file);
    assert.ok(needed.length > 20, String(needed.length));
    for (const name of needed) {
      const since = versions.get(name);
      assert.ok(since !== undefined, `${name} is not in ${library}`);
      assert.ok(key(since) <= key(`${least}.0`), `${name} came with ${since}`);
    }
  });
}

const OLDEST = "opensnoop runs under the oldest runtimes, and is refused by those before";
test(OLDEST, { skip: requires(OLDEST, "full") }, async () => {
  using folder = new Folder();
  const packages = RUNTIME === "deno"
    ? ["2.5.0", "2.4.4"].map((v) => [v, `@deno/linux-x64-glibc@${v}`, "@deno/linux-x64-glibc/deno"])
    : ["1.3.0", "1.2.23"].map((v) => [
      v,
      `@oven/bun-linux-x64-baseline@${v}`,
      "@oven/bun-linux-x64-baseline/bin/bun",
    ]);
  for (const [i, [version, name, binary]] of packages.entries()) {
    const prefix = join(folder.path, version!);
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const npm = await run(["npm", "install", "--prefix", prefix, ...flags, name!]);
    assert.equal(npm.status, 0, npm.stderr);
    const path = join(prefix, "node_modules", binary!);
    const words = RUNTIME === "deno" ? ["run", "--allow-all", "--no-check"] : [];
    const tool = `${PROJECT}tools/opensnoop/opensnoop.ts`;
    const command = ["sh", "-c", 'chmod +x "$0" && exec "$0" "$@"', path, ...words, tool];
    const { status, stdout, stderr } = await run([...command, "--exec", "cat", "/proc/version"]);
    assert.equal(status, i, stderr);
    if (i === 0) assert.match(stdout, / \/proc\/version$/m);
    else assert.match(stderr, /ts-bcc needs \w+ [\d.]+ or later, this is [\d.]+: upgrade it/);
  }
});

/** Unpacks the libbpf of a Debian release; returns the library's path. */
async function libbpfOf(suite: string, name: string, folder: Folder): Promise<string> {
  const { signal } = new AbortController();
  const [lists, target] = [join(folder.path, `${suite}-apt`), join(folder.path, suite)];
  const apt = await PrivateApt.open(lists, suite, signal);
  await apt.download([name], lists);
  await extractPackages(lists, target, signal);
  const [library] = globSync(join(target, "usr/lib/*/libbpf.so.?"));
  return library!;
}

const OLD_LIBBPF = "opensnoop works with the libbpf of Debian 12, and refuses that of Debian 11";
test(OLD_LIBBPF, { skip: requires(OLD_LIBBPF, "full") }, async () => {
  using folder = new Folder();
  const libraries = [
    await libbpfOf("bookworm", "libbpf1", folder), // 1.1
    await libbpfOf("bullseye", "libbpf0", folder), // 0.3
  ];
  const runWith = (library: string) => {
    const command = scriptCommand(`${PROJECT}tools/opensnoop/opensnoop.ts`);
    const env = { TSBCC_LIBBPF: library };
    return run([...command, "--exec", "cat", "/proc/version"], { env });
  };
  const [known, old] = await Promise.all(libraries.map(runWith));
  assert.deepEqual([known!.status, known!.stderr], [0, ""]);
  assert.match(known!.stdout, / \/proc\/version$/m);
  assert.deepEqual([old!.status, old!.stdout], [1, ""]);
  assert.match(
    old!.stderr,
    /^opensnoop: Cannot use libbpf.so.1 from ".*libbpf.so.0": it has no libbpf_major_version, .* too old, or not libbpf: install libbpf 1.0 or later [^\n]*\n$/,
  );
});
