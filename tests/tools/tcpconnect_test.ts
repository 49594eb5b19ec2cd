import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf } from "../../mod.ts";
import object from "../../tools/tcpconnect/tcpconnect.bpf.o.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import {
  type Connection,
  loopback,
  recordTcp,
  recordTcpRuns,
  TcpWorkload,
} from "../support/tcp.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  time_s?: number;
  uid?: number;
  pid: number;
  comm: string;
  ip: 4 | 6;
  saddr: string;
  lport?: number;
  daddr: string;
  dport: number;
  netns: number;
  query?: string | null;
}

const FAR = { "4": "198.51.100.1", "6": "2001:db8:1::1", m: "198.51.100.1" };
const NEAR = { "4": "192.0.2.2", "6": "2001:db8::2", m: "192.0.2.2" };

const exchange = (family: string, count: number) => `exchange=${family}:${count}:1:1:client`;

/** The row of a connection; an IPv6 socket with an IPv4-mapped address is shown as IPv4. */
function expected(
  { family, port, serverPort, netns }: Connection,
  pid: number,
  isFar = false,
): Row {
  const local = loopback(family).replace("::ffff:", "");
  return {
    pid,
    comm: "tcp-client",
    ip: family === "6" ? 6 : 4,
    saddr: isFar ? NEAR[family] : local,
    lport: port,
    daddr: isFar ? FAR[family] : local,
    dport: serverPort,
    netns,
  };
}

test("tcpconnect reports every connection once, answered, refused or not answered", async () => {
  const { result, connections, client } = await recordTcp("tcpconnect", ["--json", "-L"], [
    exchange("4", 97),
    exchange("6", 13),
    exchange("m", 11),
    "refused=4:3",
    "refused=6:2",
    "refused=m:2",
    "unanswered=4:7",
    "unanswered=6:5",
    "unanswered=m:3",
    "taken=4",
  ]);
  const rows = rowsOf<Row>(result).filter(({ pid }) => pid === client);
  assert.equal(connections.length, 144);
  assert.deepEqual(
    rows.map((row) => row.dport === 9 ? { ...row, lport: 0 } : row),
    connections.map((each, i) => expected(each, client, i >= 128)),
  );
  assert.ok(rows.every(({ lport }) => lport! > 0));
});

test("tcpconnect shows a connect() that waits while it waits", {
  skip: requires("tcpconnect shows a connect() that waits while it waits", "speed"),
}, async () => {
  await using workload = await TcpWorkload.start("blocked=4");
  await using running = await startTool("tcpconnect", "--json", "-L", "-p", `${workload.client}`);
  const done = workload.go();
  await running.find("stdout", /"dport":10000/);
  workload.interrupt();
  const [connection] = await done;
  const rows = rowsOf<Row>(await stopTool(running));
  assert.deepEqual(rows, [expected(connection!, workload.client, true)]);
});

test("tcpconnect -p -P -u -4 -6 show what they ask for and hide the rest", async () => {
  const steps = [
    exchange("4", 7),
    exchange("6", 5),
    exchange("m", 3),
    "uid=64321",
    exchange("4", 2),
  ];
  const runs = await recordTcpRuns(
    "tcpconnect",
    ({ server, ports }) =>
      [["-p", `${server}`], ["-4"], ["-6"], ["-P", `1,${ports[2]}`], ["-U", "-u", "64321"]]
        .map((args) => ["--json", "-L", ...args]),
    steps,
  );
  const { client, connections } = runs[0]!;
  const all = connections.map((each) => expected(each, client));
  const [ipv4, ipv6, mapped] = [all.slice(0, 7), all.slice(7, 12), all.slice(12, 15)];
  const user = all.slice(15);
  const wanted = [
    [],
    [...ipv4, ...mapped, ...user],
    ipv6,
    mapped,
    user.map((row) => ({ uid: 64321, ...row })),
  ];
  for (const [i, { result }] of runs.entries()) {
    const rows = rowsOf<Row>(result).filter(({ pid }) => i === 0 || pid === client);
    assert.deepEqual(rows, wanted[i], `run ${i}`);
  }
});

test("tcpconnect prints bcc's tables, and counts with -c", {
  skip: requires("tcpconnect prints bcc's tables, and counts with -c", "speed"),
}, async () => {
  const runs = await recordTcpRuns(
    "tcpconnect",
    ({ client }) =>
      [[], ["-t", "-U", "-L"], ["-c"], ["-c", "--json"]].map((
        args,
      ) => [...args, "-p", `${client}`]),
    [exchange("6", 5), exchange("4", 7), exchange("m", 11)],
  );
  const { client, connections } = runs[0]!;
  const [plain, full, counts, json] = runs.map(({ result }) => result.stdout.trimEnd().split("\n"));
  const [ipv6, ipv4, mapped] = [0, 5, 12].map((i) => connections[i]!.serverPort);
  const port = String(connections[0]!.port).padEnd(6);
  const pid = String(client).padEnd(7);
  const [a, b, c] = [
    `${pid} tcp-client   6  ::1             `,
    "::1             ",
    String(ipv6).padEnd(6),
  ];
  assert.deepEqual(plain!.slice(0, 3), [
    "Tracing connect ... Hit Ctrl-C to end",
    "PID     COMM         IP SADDR            DADDR            DPORT",
    `${a} ${b} ${c}`,
  ]);
  assert.equal(plain!.length, 2 + 23);
  assert.deepEqual(full!.slice(1, 3), [
    "TIME(s)  UID   PID     COMM         IP SADDR            LPORT  DADDR            DPORT",
    `0.000    0     ${a} ${port} ${b} ${c}`,
  ]);
  const line = (address: string, port: number, count: number) =>
    [address.padEnd(25), address.padEnd(25), String(port).padEnd(20), String(count).padEnd(10)]
      .join(" ");
  assert.deepEqual(counts, [
    "Tracing connect ... Hit Ctrl-C to end",
    "",
    "LADDR                     RADDR                     RPORT                CONNECTS",
    line("127.0.0.1", mapped!, 11),
    line("127.0.0.1", ipv4!, 7),
    line("::1", ipv6!, 5).trimEnd(),
  ]);
  const rows = json!.map((text) => JSON.parse(text));
  assert.deepEqual(rows.map(({ laddr, rport, connects }) => [laddr, rport, connects]), [
    ["127.0.0.1", mapped, 11],
    ["127.0.0.1", ipv4, 7],
    ["::1", ipv6, 5],
  ]);
});

test("tcpconnect -d names what was asked for, by each call that may receive the answer", async () => {
  const steps = [
    ...["reach=3", "resolve=read:3", "resolve=recvmsg:4", "resolve=recvfrom:5"],
    ...["reach=3", "reach=4", "reach=5", "refused=4:1", "refused=6:1", "unanswered=4:1", "reach=3"],
  ];
  const runs = await recordTcpRuns(
    "tcpconnect",
    ({ client }) => [["-d"], ["-d", "--json"]].map((args) => [...args, "-p", `${client}`]),
    steps,
  );
  const [text, json] = runs.map(({ result }) => result);
  const names = ["read.test", "recvmsg.test", "recvfrom.test", "localhost", "localhost"];
  const found = text!.stdout.trimEnd().split("\n").slice(1).map((line) => line.slice(65));
  assert.deepEqual(
    found.slice(0, -1),
    [" QUERY", "No DNS Query", ...names, "No DNS Query"]
      .map((name) => name.trim()),
  );
  // A connection between the DNS answer and this one took a second, until its SYN was sent again.
  assert.match(found.at(-1)!, /^read\.test \(\d{3,}\.\d{3}ms\)$/);
  assert.deepEqual(
    rowsOf<Row>(json!).map(({ query }) => query),
    [null, ...names, null, "read.test"],
  );
});

test("tcpconnect agrees line by line with libbpf-tools' tcpconnect", {
  skip: requires("tcpconnect agrees line by line with libbpf-tools' tcpconnect", "kprobe"),
}, async () => {
  const steps = [exchange("4", 31), exchange("6", 13), exchange("m", 7), "refused=4:3"];
  await using workload = await TcpWorkload.start(...steps, "wait=");
  const args = ["-p", `${workload.client}`];
  await using ours = await startTool("tcpconnect", ...args);
  await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/tcpconnect", ...args]);
  await theirs.find("stdout", /^PID/);
  await workload.goToWait();
  await theirs.find("stdout", /^(?:.*\n){55}/);
  const { stdout } = await stopTool(ours);
  theirs.kill("SIGINT");
  // Sorted, because libbpf-tools reads one buffer for each CPU.
  const lines = (text: string) =>
    text.split("\n").filter((line) => line.startsWith(`${workload.client} `))
      .map((line) => line.trim().split(/\s+/).join(" ")).toSorted();
  const expected = lines((await theirs.result).stdout);
  assert.equal(expected.length, 54);
  assert.deepEqual(lines(stdout), expected);
});

test("tcpconnect's programs for kernels without fentry load where it is, too", {
  skip: requires(
    "tcpconnect's programs for kernels without fentry load where it is, too",
    "fentry",
  ),
}, () => {
  using bpf = Bpf.load(object, {
    programs: {
      set_state: true,
      retransmit: true,
      exit_connect: true,
      v4_connect: false,
      v6_connect: false,
    },
  });
  bpf.attach();
});
