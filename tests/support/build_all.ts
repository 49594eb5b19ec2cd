/**
 * Builds what guests of another architecture need, which would take them ten times as long:
 * `TSBCC_BUILD_FOR=arm64 deno run -A tests/support/build_all.ts`. What is built with flags, they build.
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
      failed.push(name); // It needs flags, or it is part of another.
    }
  }
}

build("tests/testdata", "*.bpf.c", buildObject);
build("tests/support", "*.c", (name) => buildProgram(name));
if (failed.length > 0) console.error(`not built: ${failed.join(" ")}`);
