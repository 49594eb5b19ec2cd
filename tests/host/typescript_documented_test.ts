// Each one-liner of docs/typescript.md and each script of examples/scripts/ loads on this kernel. Their output is
// compared on the machine only (typescript_one_liners_test.ts, typescript_scripts_test.ts).
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkScript } from "../../cli/script/check_script.ts";
import { PROJECT } from "../support/build.ts";
import { oneLiners } from "../support/documented.ts";
import { requires } from "../support/requires.ts";

const LOADED = /^compiled and loaded \w+/;

const oneLinersName = "this kernel takes each one-liner of docs/typescript.md";
test(oneLinersName, { skip: requires(oneLinersName, "full") }, async () => {
  for (const [title, text] of oneLiners()) {
    const programs = Array.from(text.matchAll(/-e '([^']*)'/g), ([, program]) => program!);
    const words = programs.flatMap((program) => ["-e", program]);
    assert.match(await checkScript(["--load", ...words]), LOADED, title);
  }
});

const scriptsName = "this kernel takes each script of examples/scripts";
test(scriptsName, { skip: requires(scriptsName, "full") }, async () => {
  for (const name of readdirSync(join(PROJECT, "examples/scripts"))) {
    if (!name.endsWith(".ts")) continue;
    const path = join(PROJECT, "examples/scripts", name);
    assert.match(await checkScript(["--load", path]), LOADED, name);
  }
});
