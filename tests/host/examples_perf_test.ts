// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startExample } from "../support/example.ts";
import { Folder, Workload } from "../support/workload.ts";

test("examples/opensnoop_perf.ts prints every call of a process exactly, and its end", async () => {
  using folder = new Folder();
  await using workload = await Workload.start(
    "comm=perf-buffer",
    `create=${folder.path}/file:97`,
    `missing=${folder.path}/gone:13`,
    `create=${folder.path}/last:1`,
  );
  await using example = await startExample("opensnoop_perf.ts");
  await workload.go();
  await example.find("stdout", /\/last/);
  example.kill("SIGINT");
  const { status, stdout, stderr } = await example.result;
  assert.equal(status, 0);
  // The example traces the whole machine: it may drop events of other processes; the rows below are
  // this test's.
  assert.match(stderr, /^ready\n(\d+ calls are not shown: the perf buffer was full\n)?$/);

  const [header, ...lines] = stdout.trimEnd().split("\n");
  assert.equal(header, "    PID  FD ERR COMM             PATH");
  const rows = lines.map((line) =>
    /^ *(\d+) +(-?\d+) +(\d+) "(.*?)" +"(.*)"$/.exec(line)!.slice(1)
  );
  const own = rows.filter(([pid, , , , path]) =>
    Number(pid) === workload.pid && path!.startsWith(folder.path)
  );
  assert.ok(own.every(([, , , comm]) => comm === "perf-buffer"));
  const ends = own.map((
    [, fd, error, , path],
  ) => [path!.replace(/\d*$/, "").slice(folder.path.length), Number(fd) >= 0, error]);
  const times = (count: number, row: unknown[]) => Array.from({ length: count }, () => row);
  assert.deepEqual(ends, [
    ...times(97, ["/file", true, "0"]),
    ...times(13, ["/gone", false, "2"]),
    ...times(1, ["/last", true, "0"]),
  ]);
});
