import assert from "node:assert/strict";
import { test } from "node:test";
import { statSync } from "node:fs";
import { requires } from "../support/requires.ts";
import { recordTcpRuns } from "../support/tcp.ts";
import { rowsOf } from "../support/tool.ts";

interface Row {
  laddr?: string;
  raddr?: string;
  buckets?: { low: number; count: number }[];
}

const total = (rows: readonly Row[]) =>
  rows.flatMap(({ buckets }) => buckets ?? []).reduce((sum, { count }) => sum + count, 0);

const NAME = "tcprtt counts each packet once, whatever it is counted by";

test(NAME, { skip: requires(NAME, "speed") }, async () => {
  const exchange = (family: string, count: number) =>
    `exchange=${family}:${count}:1000:1000:client`;
  const runs = await recordTcpRuns("tcprtt", ({ client, ports }) => {
    const mine = ["--json", "--netns", String(statSync(`/proc/${client}/ns/net`).ino)];
    const all = ports.join();
    return [
      [],
      ["-b"],
      ["-B"],
      ["-m"],
      ["-p", all],
      ["-P", all],
      ["-4"],
      ["-6"],
      ["-a", "127.0.0.1"],
      ["-A", "::1"],
      ["-A", "::ffff:127.0.0.1"],
    ].map((args) => [...mine, ...args]);
  }, [exchange("4", 13), exchange("6", 7), exchange("m", 5)]);
  const rows = runs.map(({ result }) => rowsOf<Row>(result));
  const sums = rows.map(total);
  const [plain, byLocal, byRemote, ms, local, remote, ipv4, ipv6, from, to, mapped] =
    sums as number[];
  assert.ok(plain! >= 2 * 25, String(plain));
  assert.deepEqual([byLocal, byRemote, ms], [plain, plain, plain]);
  assert.equal(local! + remote!, plain);
  assert.equal(ipv4! + ipv6!, plain);
  // An IPv6 socket with an IPv4-mapped address matches that address and the IPv4 address.
  assert.deepEqual([from, mapped], [mapped, from]);
  assert.equal(from! + to!, plain);
  assert.deepEqual(rows[1]!.map(({ laddr }) => laddr).toSorted(), [
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
  ]);
  assert.deepEqual(rows[2]!.map(({ raddr }) => raddr).toSorted(), [
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
  ]);
});
