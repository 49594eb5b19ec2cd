import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { rowsOf, runTool, startTool } from "../support/tool.ts";

interface Row {
  readonly pid: number;
  readonly comm: string;
  readonly type: string;
  readonly count: number;
}

/** The number of a process's BPF descriptors by kind, from the link targets in /proc/PID/fd. */
function held(pid: number): Map<string, number> {
  const kind = /^anon_inode:(?:bpf[-_])?(prog|map|link|btf)$/;
  const counts = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const [, type] = kind.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
    if (type) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

test("bpflist counts the programs, maps and links that a process holds", async () => {
  await using tool = await startTool("opensnoop");
  const { status, stdout } = await runTool("bpflist", "--json");
  const rows = rowsOf<Row>({ stdout } as Parameters<typeof rowsOf>[0]).filter(({ pid }) =>
    pid === tool.pid
  );
  assert.equal(status, 0);
  const expected = held(tool.pid);
  assert.ok(expected.get("prog")! > 0 && expected.get("map")! > 0, "opensnoop holds some");
  assert.deepEqual(
    new Map(rows.map(({ type, count }) => [type, count])),
    new Map([...expected].sort()),
  );
});

test("bpflist prints bcc's table, and none of a process that has ended", async () => {
  let pid;
  {
    await using tool = await startTool("opensnoop");
    pid = tool.pid;
    const { stdout } = await runTool("bpflist", "-v");
    assert.match(stdout, /^PID {4}COMM {13}TYPE +COUNT$/m);
    assert.match(stdout, new RegExp(`^${pid} +\\S+.* prog +\\d+$`, "m"));
  }
  const { stdout } = await runTool("bpflist", "-vv");
  assert.match(stdout, /^open kprobes:$/m);
  assert.doesNotMatch(stdout, new RegExp(`^${pid} `, "m"));
});
