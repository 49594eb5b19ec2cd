import { defineCases, times } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, tcp, tcpServer } from "../../tests/support/jobs.ts";

/** Each end of a connection reads one byte, which is sent in a packet. */
const exchange = (family: string, count: number) => `exchange=${family}:${count}:1:1:client`;
const work = tcp(exchange("4", 31), exchange("6", 13), exchange("m", 7));
const mine = ["--netns", "{netns}"];
const both = (pid: string, count: number, at: string) =>
  times(count, { pid, laddr: at, raddr: at, netns: "{netns}" });

export default defineCases({
  anywhere: TCP_EVENTS,
  usage: {
    names:
      "-h -T -p -t -l -r -w --timestamp --pid --tid --lport --rport --wide min_us --json --cgroup",
    wrong: [
      [["-l", "0"], /expected at most 64 ports from 1 to 65535/],
      [["-1"], /unknown option -1/],
      [["x"], /expected a time in microseconds/],
    ],
  },
  cases: [
    {
      name: "shows what both ends of 51 connections read, exactly",
      canary: true,
      work,
      of: inNetns,
      counts: ["client", "server"].flatMap((who) => [
        [{ ...both(`{${who}}`, 1, "127.0.0.1")[0], comm: `tcp-${who}` }, 31],
        [{ ...both(`{${who}}`, 1, "::1")[0], comm: `tcp-${who}` }, 13],
        [{ ...both(`{${who}}`, 1, "::ffff:127.0.0.1")[0], comm: `tcp-${who}` }, 7],
      ]),
      check(rows) {
        const wrong = rows.find(({ ms, pid, tid }) => !(Number(ms) > 0) || pid !== tid);
        if (wrong) throw new Error(JSON.stringify(wrong));
      },
    },
    {
      name: "shows the read, not the looks before it",
      args: mine,
      work: tcpServer("peeked=4:11"),
      rows: both("{server}", 11, "127.0.0.1"),
    },
    {
      name: "shows nothing of MPTCP, nor of connections without data",
      work: tcp("exchange=p:3:1:1:client", "exchange=4:5:0:0:client"),
      of: inNetns,
      rows: [],
    },
    {
      name: "-l chooses the end with that port",
      args: ["-l", "1,{port}"],
      work: tcp(exchange("4", 7)),
      of: inNetns,
      rows: both("{server}", 7, "127.0.0.1"),
    },
    {
      name: "-r chooses the other end",
      args: ["-r", "{port}"],
      work: tcp(exchange("6", 7)),
      of: inNetns,
      rows: both("{client}", 7, "::1"),
    },
    ...[["-l", "1"], ["-r", "1"], ["-6"], ["--netns", "1"], ["2147483647"]].map((args) => ({
      name: `${args.join(" ")} hides others`,
      args,
      work: tcp(exchange("4", 7)),
      of: inNetns,
      rows: [],
    })),
    {
      name: "prints libbpf-tools' table",
      args: ["-T", "-p", "{server}", "0.001"],
      work: tcpServer(exchange("4", 1)),
      lines: [
        /^TIME\(s\) {2}PID {5}TID {5}COMM {13}LADDR {11}LPORT RADDR {11}RPORT MS$/,
        /^0\.000 {4}{server} +{server} +tcp-server {7}127\.0\.0\.1 {7}{port} 127\.0\.0\.1 {7}\d{5} \d+\.\d{3}$/,
      ],
    },
  ],
  filters: { work, expect: 51 },
});
