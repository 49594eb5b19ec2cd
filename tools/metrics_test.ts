/** Tests of `--prometheus` without a process: refused values, and the metrics of every tool. */

import { deepEqual, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { parseOptions, UsageError } from "../toolkit/options/options.ts";
import { planOf, type Standard } from "../toolkit/run/run.ts";
import { valuesForRecords } from "../toolkit/run/run_destinations.ts";
import { metricsOf } from "../toolkit/run/serve_metrics.ts";
import type { AnyTool } from "../toolkit/run/tool.ts";
import type { Cases } from "../tests/support/cases.ts";
import { pretend } from "../tests/support/machine.ts";
import { tools } from "./list.ts";

function metrics(tool: AnyTool, ...words: string[]) {
  const values = parseOptions(tool.options, ["--prometheus", "0", ...words], pretend());
  const settled = valuesForRecords(tool, values as unknown as Standard);
  return metricsOf(tool, planOf(tool, settled, pretend()), settled);
}

/** Tools that print only one report, at their end: metrics read their counts while they run. */
const cumulative: string[] = [];
for (const [name, load] of Object.entries(tools)) {
  const tool = (await load()).default;
  if (!("prometheus" in tool.options)) continue;
  const { default: { usage } } = await import(`./${name}/${name}.cases.ts`) as { default: Cases };
  test(`${name} has metrics`, () => {
    const { families, snapshotSeconds } = metrics(tool, ...usage?.right ?? (tool.sample || []));
    ok(families.length > 0);
    if (snapshotSeconds !== undefined) cumulative.push(name);
  });
}

test("few tools are looked at while they run, since they tell all at their end", () => {
  deepEqual(cumulative, [
    "biostacks",
    "cpufreq",
    "inject",
    "kvmexit",
    "llcstat",
    "offcputime",
    "offwaketime",
    "profile",
    "readahead",
    "vfscount",
    "wakeuptime",
  ]);
});

test("--prometheus refuses wrong addresses and labels", async () => {
  const opensnoop = (await tools.opensnoop!()).default;
  const labels = (name: string) => () => metrics(opensnoop, "--labels", name);
  const expected = "expected a port from 0 to 65535, perhaps behind an address";
  for (const address of ["", "x", "files:80", "65536", "1.2.3:80", "[::1", "::1:80", "-1"]) {
    throws(
      () => parseOptions(opensnoop.options, [`--prometheus=${address}`], pretend()),
      (error) => error instanceof UsageError && error.message.includes(expected),
    );
  }
  for (
    const [address, host, port] of [
      ["9435", "127.0.0.1", 9435],
      ["0.0.0.0:80", "0.0.0.0", 80],
      ["[::]:65535", "::", 65535],
    ]
  ) {
    const values = parseOptions(opensnoop.options, ["--prometheus", String(address)], pretend());
    deepEqual((values as unknown as Standard).prometheus, { host, port });
  }
  throws(labels("size"), {
    message:
      'no record of opensnoop has a member "size" that can be a label: there are pid, comm, fd, err, path',
  });
  deepEqual(metrics(opensnoop, "--labels", "pod,container").eventLabels, ["pod", "container"]);
  deepEqual(metrics(opensnoop, "--labels", "path,pid", "--labels", "err").eventLabels, [
    "path",
    "pid",
    "err",
  ]);
});

test("--otlp wants a collector's address", async () => {
  const { options } = (await tools.opensnoop!()).default;
  const parsed = (url: string) =>
    parseOptions(options, ["--otlp", url], pretend()) as Record<string, unknown>;
  for (
    const url of ["localhost:4318", "ftp://localhost", "http://user:secret@localhost", "x", ""]
  ) {
    throws(
      () => parsed(url),
      /expected a collector's address such as http:\/\/localhost:4318/,
      url,
    );
  }
  deepEqual(parsed("https://otel.example/prefix/").otlp, "https://otel.example/prefix");
});
