/**
 * Builds the tests' programs for guests of another architecture; an emulated compiler takes ten times
 * as long: `TSBCC_BUILD_FOR=arm64 deno run -A tests/support/build_all.ts`. Programs that need flags of
 * their own are left out: the guests build those.
 *
 * @module
 */

import { globSync } from "node:fs";
import { join } from "node:path";
import { buildObject, buildProgram, PROJECT } from "./build.ts";

const failed: string[] = [];

function build(folder: string, pattern: string, one: (name: string) => unknown): void {
  for (const name of globSync(pattern, { cwd: join(PROJECT, folder) }).sort()) {
    try {
      one(name);
    } catch {
      failed.push(name); // It needs flags of its own, or another file includes it.
    }
  }
}

build("tests/testdata", "*.bpf.c", buildObject);
build("tests/support", "*.c", (name) => buildProgram(name));
if (failed.length > 0) console.error(`not built: ${failed.join(" ")}`);
