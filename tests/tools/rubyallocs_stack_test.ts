import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspectRuby } from "../../tools/rubyallocs/runtime.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import {
  INSTALLED,
  lastReport,
  NEWER,
  type Row,
  type Ruby,
  traceWaiting,
} from "../support/ruby.ts";
import { runTool, startTool, stopTool } from "../support/tool.ts";

/**
 * The allocations that lines.rb's comments announce, by class and location: `Outer::Token FILE:10`.
 */
function expectedLines(folder: string): Map<string, number> {
  const expected = new Map([["Outer::Token page.erb:77", 503]]);
  for (const line of [2, 40, 250, 500, 701]) expected.set(`Outer::Token long.rb:${line}`, 29);
  readFileSync(`${INSTALLED.folder}lines.rb`, "utf8").split("\n").forEach((text, i) => {
    const [, name, count] = / # (\S+) (\d+)$/.exec(text) ?? [];
    if (name) expected.set(`${name} ${folder}lines.rb:${i + 1}`, Number(count));
  });
  return expected;
}

/**
 * Checks the count of each line with such a comment, and that no other line allocates an
 * Outer::Token.
 */
function checkLines(rows: readonly Row[], folder: string): void {
  const expected = expectedLines(folder);
  const found = rows.map((row) => [`${row.class} ${row.line}`, row.total] as const)
    .filter(([key]) => expected.has(key) || key.startsWith("Outer::Token "));
  assert.deepEqual(new Map(found.toSorted()), new Map([...expected].toSorted()));
}

async function traceLines(ruby: Ruby): Promise<void> {
  await using target = Running.start(await ruby.command("lines.rb", "wait"));
  await target.find("stdout", /^waiting$/m);
  assert.ok(inspectRuby(target.pid).version!.startsWith(ruby.version));
  checkLines(lastReport(await traceWaiting(target, /^waiting$/m, "--stack")), ruby.folder);
}

test("rubyallocs --stack tells the lines that allocate, each exactly", () => traceLines(INSTALLED));

test("rubyallocs --stack tells the lines that allocate in Ruby 3.3, each exactly", {
  skip: requires("rubyallocs --stack of Ruby 3.3", "speed"),
}, () => traceLines(NEWER));

test("rubyallocs counts exactly what a process of Ruby 3.3 allocates, by class and line", {
  skip: requires("rubyallocs of Ruby 3.3", "speed"),
}, async () => {
  const counts = ["10007", "5003", "2003", "wait"];
  await using target = Running.start(await NEWER.command("allocate.rb", ...counts));
  const rows = lastReport(await traceWaiting(target, /^waiting$/m, "--stack"));
  assert.deepEqual(rows.slice(0, 3).map((row) => [row.class, row.line, row.total]), [
    ["Outer::Token", "/home/allocate.rb:19", 10007],
    ["String", "/home/allocate.rb:24", 5003],
    ["Array", "/home/allocate.rb:29", 2003],
  ]);
});

test("rubyallocs --stack -c tells lines of a program that has ended", {
  skip: requires("rubyallocs --stack -c", "speed"),
}, async () => {
  const command = await INSTALLED.command("lines.rb");
  const { stdout, stderr, status } = await runTool("rubyallocs", "--stack", "-c", ...command);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^ +TOTAL +INTERVAL CLASS +LINE$/m);
  assert.match(stdout, /^ +503 +503 Outer::Token +page\.erb:77$/m);
  assert.match(stdout, /^ +\d+ +\d+ Class +\(no line\)$/m);
});

test("rubyallocs --stack says so where lines cannot be told", {
  skip: requires("rubyallocs --stack without lines", "speed"),
}, async () => {
  const program = [
    "import ctypes, sys",
    'ruby = ctypes.CDLL("libruby-3.1.so.3.1", mode=ctypes.RTLD_GLOBAL)',
    "ruby.ruby_setup()",
    'print("waiting", flush=True)',
    "sys.stdin.readline()",
    'ruby.rb_eval_string_protect(b"7.times { Object.new }", None)',
    'print("done", flush=True)',
    "sys.stdin.readline()",
  ];
  await using target = Running.start(["/usr/bin/python3", "-c", program.join("\n")]);
  await target.find("stdout", /^waiting$/m);
  await using tool = await startTool("rubyallocs", "--stack", "--json", String(target.pid));
  target.send();
  await target.find("stdout", /^done$/m);
  const result = await stopTool(tool);
  assert.match(result.stderr, /^rubyallocs: cannot tell lines: Ruby's execution context is .+$/m);
  const object = lastReport(result).find((row) => row.class === "Object")!;
  assert.deepEqual([object.line, object.total], ["(no line)", 7]);
});
