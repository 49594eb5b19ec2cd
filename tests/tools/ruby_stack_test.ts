import assert from "node:assert/strict";
import { test } from "node:test";
import { requires } from "../support/requires.ts";
import { INSTALLED, NEWER, type Ruby } from "../support/ruby.ts";
import { Running } from "../support/process.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  readonly record: string;
  readonly count?: number;
  readonly user: readonly string[];
}

/**
 * Stacks of calls.rb with their counts: the Ruby frames, and the function of the interpreter that
 * runs them.
 */
async function stacksOf(ruby: Ruby, tool: string, ...args: string[]) {
  await using script = Running.start(await ruby.command("calls.rb"));
  await script.find("stdout", /^pid \d+$/m);
  await using running = await startTool(tool, "--json", "-U", "-p", String(script.pid), ...args);
  script.send();
  assert.equal((await script.result).status, 0);
  const rows = rowsOf<Row>(await stopTool(running));
  const stacks: Record<string, number> = {};
  for (const { record, count = 1, user } of rows) {
    if (record === "truncated" || !user) continue;
    const frames = user.filter((name) => /^ruby: |^rb_vm_exec\b|^getppid\b/.test(name))
      .map((name) => name.replace("ruby: ", "").replace(/\+0x.*/, ""));
    const text = frames.join("; ");
    stacks[text] = (stacks[text] ?? 0) + count;
  }
  return stacks;
}

/** The expected stacks, as in Ruby's own backtraces; blocks are named as in Ruby 3.1 and 3.3. */
const inner = "getppid; rb_vm_exec; inner (calls.rb:7)";
const EXPECTED = {
  [
    `${inner}; method (calls.rb:14); method (calls.rb:12); method (calls.rb:12); ` +
    "block in <main> (calls.rb:28); rb_vm_exec; <main> (calls.rb:27)"
  ]: 2,
  [
    `${inner}; block in größe (calls.rb:19); rb_vm_exec; größe (calls.rb:18); ` +
    "block in <main> (calls.rb:30); rb_vm_exec; <main> (calls.rb:30)"
  ]: 3,
  [
    `${inner}; block (2 levels) in <main> (calls.rb:31); rb_vm_exec; ` +
    "block in <main> (calls.rb:31); rb_vm_exec; <main> (calls.rb:31)"
  ]: 5,
  [
    `${inner}; block in <main> ((eval):4); rb_vm_exec; block in <main> (calls.rb:32); ` +
    "rb_vm_exec; <main> (calls.rb:32)"
  ]: 7,
  [`${inner}; block (2 levels) in <main> (calls.rb:33)`]: 11,
  [`${inner}; block (2 levels) in <main> (calls.rb:34)`]: 13,
};
const EVENT = "t:syscalls:sys_enter_getppid";

const between = "methods and blocks of Ruby are told with their lines between native frames";
test(between, { skip: requires(between, "ruby") }, async () => {
  assert.deepEqual(await stacksOf(INSTALLED, "stackcount", EVENT), EXPECTED);
});

const traced = "trace -U tells methods of Ruby too";
test(traced, { skip: requires(traced, "ruby") }, async () => {
  assert.deepEqual(await stacksOf(INSTALLED, "trace", EVENT), EXPECTED);
});

const newer = "methods and blocks of Ruby 3.3 are told alike";
test(newer, { skip: requires(newer, "full") }, async () => {
  // Ruby 3.3: the interpreter's function has no symbol, Integer#times is written in Ruby, and
  // frames of eval() have the location of the call.
  const expected = Object.entries(EXPECTED).map(([stack, count]) => [
    stack.replaceAll("rb_vm_exec; ", "").replace("(eval)", "(eval at /home/calls.rb:32)"),
    count,
  ]);
  const stacks = Object.entries(await stacksOf(NEWER, "stackcount", EVENT)).map((
    [stack, count],
  ) => [
    stack.replace(/times \(<internal:numeric>:\d+\); /, ""),
    count,
  ]);
  assert.deepEqual(Object.fromEntries(stacks), Object.fromEntries(expected));
});
