/**
 * Makes packages by package.sh, for tests of the packages that people install.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { PROJECT } from "./build.ts";
import { run } from "./process.ts";
import { Folder } from "./workload.ts";

/** Makes packages, without compression, which would take a minute. */
export async function makePackages(folder: string, ...words: string[]): Promise<void> {
  const { status, stderr } = await run([
    `${PROJECT}package.sh`,
    ...["-z", "none", "-o", folder],
    ...words,
  ]);
  assert.equal(status, 0, stderr);
}

/**
 * Returns a function that makes packages at its first call and returns their folder, removed after the
 * tests.
 */
export function lazyPackages(...words: string[]): () => Promise<string> {
  const folders = new DisposableStack();
  after(() => folders.dispose());
  let made: Promise<string> | undefined;
  return () =>
    made ??= (async () => {
      const { path } = folders.use(new Folder());
      await makePackages(path, ...words);
      return path;
    })();
}

/** The path of the file with that ending. */
export function named(folder: string, ending: string): string {
  const name = readdirSync(folder).find((each) => each.endsWith(ending));
  assert.ok(name, `${ending} in ${readdirSync(folder)}`);
  return join(folder, name);
}
