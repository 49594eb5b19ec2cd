// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { program } from "../support/languages.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { buildLocations, UsdtProcess } from "../support/usdt.ts";

interface Row {
  readonly func: string;
  readonly message: string;
}

/** What trace prints of each probe of usdt_locations.c, sorted. */
async function trace(times: number, ...probes: string[]): Promise<Record<string, string[]>> {
  await using process = await UsdtProcess.startLocations();
  const hooks = probes.map((probe) => `u:${buildLocations()}:locations:${probe}`);
  await using tool = await startTool("trace", "--json", "-p", String(process.pid), ...hooks);
  await process.fire(times);
  const rows = rowsOf<Row>(await stopTool(tool));
  const byProbe = Map.groupBy(rows, ({ func }) => func.replace("locations:", ""));
  return Object.fromEntries(
    [...byProbe].map(([name, own]) => [name, own.map((row) => row.message).sort()]),
  );
}

const thrice = (text: string) => [text, text, text];

const types = "trace reads arguments of USDT probes by the type that each location has";
test(types, { skip: requires(types, "speed") }, async () => {
  assert.deepEqual(
    await trace(
      3,
      'widths (arg1 != 1) "%lld %u", arg1, arg2',
      'signs (arg2 < 9) "%lld in %d", arg1, arg2',
    ),
    {
      // An argument that a location lacks is 0.
      widths: ["-7 0", "5000000000 3000000001"].flatMap(thrice),
      signs: ["-5 in 2", "-6 in 3", "-7 in 4", "4000000001 in 1"].flatMap(thrice),
    },
  );
});

const php = "trace reads arguments that PHP has in other registers at each of its locations";
test(php, { skip: requires(php, "speed", "php") }, async () => {
  await using script = await program("calls.php").start();
  const probe = "u:/usr/bin/php:execute__entry";
  await using tool = await startTool(
    "trace",
    ...["--json", "-p", String(script.pid)],
    `${probe} (arg2 != 8) "%s:%d", arg1, arg2`,
    `${probe} (arg2 == 9) "none at line %d", arg2`,
  );
  await script.go();
  const rows = rowsOf<Row>(await stopTool(tool));
  const at = rows.map(({ message }) => message.slice(message.lastIndexOf("/") + 1));
  // The file name, and the line of the called function's first instruction.
  const calls = (line: number, times: number) => Array<string>(times).fill(`calls.php:${line}`);
  assert.deepEqual(at, [...calls(5, 13), ...calls(7, 5)]);
});

const pointers = "trace follows pointers of USDT probes, up to the last argument";
test(pointers, { skip: requires(pointers, "speed") }, async () => {
  assert.deepEqual(
    await trace(
      2,
      'items (((struct list_head *)arg1)->next->next == 0x1234) "%lx %d", ' +
        "((struct list_head *)arg1)->next->next, " +
        "((struct list_head *)arg1)->next->prev == (void *)arg1",
      'items (STRCMP("seventh", arg7@user)) "%s", arg7@user',
    ),
    { items: ["1234 1", "1234 1", "seventh", "seventh"] },
  );
});

const floats = "trace shows floating-point numbers in registers and in memory";
test(floats, { skip: requires(floats, "speed") }, async () => {
  assert.deepEqual(await trace(2, 'floats "%g %.3f %e", arg1, arg2, arg3'), {
    floats: Array(2).fill("-0.0025 0.375 1.000000e+300"),
  });
});

const counted = "argdist counts values of USDT probes by the type that each location has";
test(counted, { skip: requires(counted, "speed") }, async () => {
  await using process = await UsdtProcess.startLocations();
  const path = buildLocations();
  await using tool = await startTool(
    "argdist",
    ...["--json", "-p", String(process.pid)],
    ...["-C", `u:${path}:locations:widths():s64:arg1#widths`],
    ...["-C", `u:${path}:locations:signs():s64:arg1:arg2 != 3#signs`],
  );
  await process.fire(5);
  const result = await stopTool(tool);
  const rows = rowsOf<{ probe: string; values: { arg1: number }; count: number }>(result);
  const found = (name: string) =>
    Object.fromEntries(
      rows.filter(({ probe }) => probe === name).map(({ values, count }) => [values.arg1, count]),
    );
  assert.deepEqual([found("widths"), found("signs")], [
    { "-7": 5, "5000000000": 5 },
    { "4000000001": 5, "-5": 5, "-7": 5 },
  ], result.stdout);
});

const shown = "trace and argdist show what they cannot read of a USDT probe under the probe";
test(shown, { skip: requires(shown, "speed") }, async () => {
  const path = buildLocations();
  const cases: [tool: string, probe: string, at: string, reason: RegExp][] = [
    [
      "trace",
      `u:${path}:hidden "%g", arg2`,
      "arg2",
      /^this cannot be read: argument 2 of hidden is in %xmm0, which programs cannot read$/,
    ],
    ["trace", `u:${path}:floats (arg1 > 0)`, "arg1", /^arg1 is a floating-point number/],
    ["trace", `u:${path}:floats "%d", arg2`, "arg2", /^arg2 is .*: show it by itself: "%f", arg1$/],
    [
      "trace",
      `u:${path}:items "%f", arg1`,
      "arg1",
      /^expected an argument of a USDT probe that is/,
    ],
    ["trace", `u:${path}:signs (arg3)`, "arg3", /^there is no arg3 here: arg1 to arg2$/],
    ["argdist", `u:${path}:floats():u64:arg1`, "arg1", /^arg1 is .*: trace shows it with %f$/],
  ];
  for (const [tool, probe, at, reason] of cases) {
    const args = tool === "argdist" ? ["-C", probe] : [probe];
    const { status, stdout, stderr } = await runTool(tool, ...args);
    const [said, text, caret] = stderr.split("\n");
    assert.deepEqual([status, stdout, text], [2, "", `  ${probe}`], stderr);
    assert.match(said!.slice(`${tool}: `.length), reason);
    assert.equal(caret, `${" ".repeat(2 + probe.indexOf(at))}^`, stderr);
    assert.doesNotMatch(stderr, /_bpf_readarg|__e->|\/\* e\d/);
  }
});
