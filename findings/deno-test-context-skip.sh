#!/usr/bin/env bash
# Deno 2.9.6 reports a test of node:test that skips itself by its context's skip(), or is to do by todo(), as passed.
#
# Expected (Node's documentation of TestContext): "This function causes the test's output to indicate the test as
#   skipped" and "adds a TODO directive to the test's output". Node.js 20 and Bun 1.4.5 do the first, and report
#   both apart from what passed.
# Really: Deno says "ok", counts it as passed, and writes a JUnit test case without <skipped/>: a suite that finds
#   out while it runs what the machine lacks looks as if all had run there. `{ skip: true }` and `{ todo: true }`
#   in the options of test() are reported as they should be.
# Seen:
#   node: pass 1, skipped 2, todo 2
#   bun: pass 1, skip 2, todo 2
#   deno: 3 passed, 2 ignored; JUnit: 2 of 5 skipped
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @deno/linux-x64-glibc@2.9.6 @oven/bun-linux-x64@1.4.5
cat >skip.test.mjs <<'JS'
import { test } from "node:test";

test("runs", () => {});
test("skips itself", (context) => context.skip("the machine lacks it"));
test("is to do, it says", (context) => context.todo("later"));
test("is skipped by an option", { skip: true }, () => {});
test("is to do by an option", { todo: true }, () => {});
JS
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 DENO_DIR="$folder/cache"
numbers() { grep -oE "$1" | paste -sd, | sed 's/,/, /g'; }
{
  echo "node: $(node --test --test-reporter=tap skip.test.mjs | sed 's/^# //' | numbers '^(pass|skipped|todo) [0-9]+')"
  echo "bun: $(node_modules/@oven/bun-linux-x64/bin/bun test ./skip.test.mjs 2>&1 | sed -E 's/^ ([0-9]+) (pass|skip|todo)$/\2 \1/' | numbers '^(pass|skip|todo) [0-9]+')"
  echo "deno: $(node_modules/@deno/linux-x64-glibc/deno test --junit-path=junit.xml skip.test.mjs 2>&1 | grep -oE '[0-9]+ (passed|ignored)' | paste -sd, | sed 's/,/, /g'); JUnit: $(grep -c '<skipped/>' junit.xml) of $(grep -c '<testcase' junit.xml) skipped"
} | tee seen
diff - seen <<'SEEN' && echo "as found"
node: pass 1, skipped 2, todo 2
bun: pass 1, skip 2, todo 2
deno: 3 passed, 2 ignored; JUnit: 2 of 5 skipped
SEEN
