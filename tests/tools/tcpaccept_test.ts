import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf } from "../../mod.ts";
import object from "../../tools/tcpaccept/tcpaccept.bpf.o.ts";
import { requires } from "../support/requires.ts";
import { type Connection, loopback, recordTcp, recordTcpRuns } from "../support/tcp.ts";
import { rowsOf } from "../support/tool.ts";

interface Row {
  pid: number;
  comm: string;
  ip: 4 | 6;
  raddr: string;
  rport: number;
  laddr: string;
  lport: number;
  netns: number;
}

const exchange = (family: string, count: number) => `exchange=${family}:${count}:1:1:client`;

const expected = ({ family, port, serverPort, netns }: Connection, pid: number): Row => ({
  pid,
  comm: "tcp-server",
  ip: family === "4" ? 4 : 6,
  raddr: loopback(family),
  rport: port,
  laddr: loopback(family),
  lport: serverPort,
  netns,
});

test("tcpaccept reports every accepted connection once, by accept and accept4, and no other", async () => {
  const { result, connections, client, server } = await recordTcp("tcpaccept", ["--json"], [
    exchange("4", 97),
    exchange("6", 13),
    exchange("m", 11),
    "lossy=4:1", // accept(2)
    "lossy=6:1",
    "abandoned=4:3",
    "refused=4:2",
  ]);
  const rows = rowsOf<Row>(result).filter(({ pid }) => pid === server || pid === client);
  assert.deepEqual(rows, connections.slice(0, 123).map((each) => expected(each, server)));
});

test("tcpaccept -p -P -4 -6 show what they ask for and hide the rest", async () => {
  const runs = await recordTcpRuns(
    "tcpaccept",
    ({ client, ports }) =>
      [["-p", `${client}`], ["-4"], ["-6"], ["-P", `1,${ports[0]},${ports[2]}`]]
        .map((args) => ["--json", ...args]),
    [exchange("4", 7), exchange("6", 5), exchange("m", 3)],
  );
  const { server, connections } = runs[0]!;
  const all = connections.map((each) => expected(each, server));
  const wanted = [[], all.slice(0, 7), all.slice(7), [...all.slice(0, 7), ...all.slice(12)]];
  for (const [i, { result }] of runs.entries()) {
    const rows = rowsOf<Row>(result).filter(({ pid }) => i === 0 || pid === server);
    assert.deepEqual(rows, wanted[i], `run ${i}`);
  }
});

test("tcpaccept prints bcc's table, and with -T -t when", {
  skip: requires("tcpaccept prints bcc's table, and with -T -t when", "speed"),
}, async () => {
  const runs = await recordTcpRuns(
    "tcpaccept",
    ({ server }) => [[], ["-T", "-t"]].map((args) => [...args, "-p", `${server}`]),
    [exchange("4", 2)],
  );
  const { server, connections } = runs[0]!;
  const [plain, times] = runs.map(({ result }) => result.stdout.trimEnd().split("\n"));
  const heading = "PID     COMM         IP RADDR            RPORT LADDR            LPORT";
  const [first, second] = connections.map(({ port, serverPort }) =>
    `${
      String(server).padEnd(7)
    } tcp-server   4  127.0.0.1        ${port} 127.0.0.1        ${serverPort}`
  );
  assert.deepEqual(plain, [heading, first, second]);
  assert.equal(times![0], `TIME     TIME(s)  ${heading}`);
  assert.match(times![1]!, new RegExp(`^\\d\\d:\\d\\d:\\d\\d 0\\.000    ${first}$`));
});

test("tcpaccept's programs for kernels without fentry load where it is, too", {
  skip: requires("tcpaccept's programs for kernels without fentry load where it is, too", "fentry"),
}, () => {
  using bpf = Bpf.load(object, {
    programs: { exit_accept: true, exit_accept4: true, csk_accept: false },
  });
  bpf.attach();
});
