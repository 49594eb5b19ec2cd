// Not in guests: it compiles.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { run } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Folder } from "../support/workload.ts";

/**
 * Permissions as `deno compile` stores them: a list for each kind that is allowed; an empty list allows
 * all.
 */
interface Kept {
  readonly permissions: Readonly<Record<string, unknown>>;
  readonly code_cache_key: string | null;
}

/** Parses the JSON object that begins at `begin` in a file; strings in it must not contain braces. */
function objectAt(bytes: Buffer, begin: string): Kept {
  const start = bytes.indexOf(begin);
  assert.ok(start >= 0, begin);
  const text = bytes.toString("latin1", start, start + 20_000);
  const inner = /"permissions":(\{.*?\}),/.exec(text)![1]!;
  const key = /"code_cache_key":(null|"[^"]*")/.exec(text)![1]!;
  return { permissions: JSON.parse(inner), code_cache_key: JSON.parse(key) };
}

// denort is neither in npm nor in Debian. `deno compile` accepts any program as its base, and appends to
// it.
const STAND_IN =
  "a denort that is given gets the libraries and no more permissions than a tool needs";
test(STAND_IN, { skip: requires(STAND_IN, "full") }, async () => {
  using folder = new Folder();
  const denort = `${folder.path}/denort`;
  copyFileSync("/bin/true", denort);
  const { status, stdout, stderr } = await run(
    [`${PROJECT}compile.sh`, "--runtime", "deno", "-o", folder.path, "opensnoop"],
    { env: { DENORT_BIN: denort } },
  );
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^\S+opensnoop: \d+ MB, deno [\d.]+ \(denort from DENORT_BIN\)\n$/);

  const made = readFileSync(`${folder.path}/opensnoop`);
  const { permissions, code_cache_key } = objectAt(made, '{"argv":');
  const allowed = Object.entries(permissions)
    .filter(([name, list]) => name.startsWith("allow_") && list !== null && name !== "allow_import")
    .map(([name, list]) => [name, list]);
  // The network is for --prometheus, --web and --otlp.
  const needed = ["allow_env", "allow_net", "allow_ffi", "allow_run"];
  assert.deepEqual(allowed, needed.map((name) => [name, []]));
  assert.deepEqual([permissions.prompt, code_cache_key], [false, null]);

  for (const soname of ["libbpf.so.1", "libelf.so.1", "libz.so.1"]) {
    const script = 'source "$0/scripts/setup.sh"; find_library "$1" && echo "$FOUND"';
    const path = execFileSync("bash", ["-c", script, PROJECT, soname], { encoding: "utf8" }).trim();
    assert.ok(made.includes(readFileSync(path)), soname);
  }
  // The stand-in still runs as before: only denort would read the appended data.
  assert.equal((await run([`${folder.path}/opensnoop`])).status, 0);
});

test("a DENORT_BIN that is no file is refused by one sentence", async () => {
  using folder = new Folder();
  const { status, stderr } = await run(
    [`${PROJECT}compile.sh`, "--runtime", "deno", "-o", folder.path, "opensnoop"],
    { env: { DENORT_BIN: `${folder.path}/none` } },
  );
  assert.deepEqual([status, stderr], [
    1,
    `compile.sh: DENORT_BIN names ${folder.path}/none, which is no file: correct or unset it\n`,
  ]);
});
