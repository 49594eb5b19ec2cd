import { defineCases, type Row } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, tcp } from "../../tests/support/jobs.ts";

const exchange = (family: string, count: number, end = "client") =>
  `exchange=${family}:${count}:1:1:${end}`;

/**
 * State changes of the connecting end (ACTIVE) and the accepting end (PASSIVE); and when the
 * connection ends, of the end that closes first (FIRST) and of the other (SECOND).
 */
const ACTIVE = ["CLOSE SYN_SENT", "SYN_SENT ESTABLISHED"];
const PASSIVE = ["LISTEN SYN_RECV", "SYN_RECV ESTABLISHED"];
const FIRST = ["ESTABLISHED FIN_WAIT1", "FIN_WAIT1 FIN_WAIT2", "FIN_WAIT2 CLOSE"];
const SECOND = ["ESTABLISHED CLOSE_WAIT", "CLOSE_WAIT LAST_ACK", "LAST_ACK CLOSE"];

/** Expects `count` rows for each change. */
const rows = (count: number, changes: readonly string[], row: Row) =>
  changes.map((change) => {
    const [oldstate, newstate] = change.split(" ");
    return [{ ...row, oldstate, newstate }, count] as const;
  });

/** Rows of both ends of connections that the client closes, and of the listener, which is older. */
const ends = (count: number, ip: 4 | 6, laddr: string) => [
  ...rows(count, [...ACTIVE, ...FIRST, ...PASSIVE, ...SECOND], { ip, laddr }),
  ...rows(1, ["LISTEN CLOSE"], { ip, laddr }),
];

export default defineCases({
  usage: {
    names:
      "-T -t -w -s -Y -L -D -4 -6 -h --journal --time --timestamp --wide --csv --localport --remoteport " +
      "--ipv4 --ipv6 --netns --print-netns --json --duration",
    wrong: [
      [["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/],
      [["-s", "--json"], /use either -s\/--csv or --json, not both/],
      [["-L", "80,x"], /invalid value "80,x" for -L\/--localport: expected at most 64 ports/],
      [["--netns", "0"], /invalid value "0" for --netns: expected the inode of a namespace/],
    ],
  },
  cases: [
    {
      name: "shows each change of both ends of 53 connections, exactly",
      canary: true,
      work: tcp(exchange("4", 31), exchange("6", 13), exchange("m", 9)),
      of: inNetns,
      counts: [
        ...ends(31, 4, "127.0.0.1"),
        ...ends(13, 6, "::1"),
        ...ends(9, 6, "::ffff:127.0.0.1"),
      ],
      check(rows) {
        for (const row of rows) checkRow(row);
        for (const states of bySocket(rows)) checkChain(states);
      },
    },
    {
      name: "shows whoever closes first as such, resets and refusals",
      work: tcp(exchange("4", 7, "server"), exchange("4", 5, "reset"), "refused=4:3"),
      of: inNetns,
      counts: [
        ...rows(15, ACTIVE.slice(0, 1), {}),
        ...rows(12, [...ACTIVE.slice(1), ...PASSIVE], {}),
        ...rows(7, [...FIRST, ...SECOND], {}),
        ...rows(10, ["ESTABLISHED CLOSE"], {}),
        ...rows(3, ["SYN_SENT CLOSE"], {}),
        ...rows(2, ["LISTEN CLOSE"], {}),
      ],
    },
    {
      name: "-L and -D choose one end",
      args: ["-L", "{port}", "-4"],
      work: tcp(exchange("4", 7)),
      of: inNetns,
      counts: [
        ...rows(7, [...PASSIVE, ...SECOND], { lport: "{port}" }),
        ...rows(1, ["LISTEN CLOSE"], { lport: "{port}" }),
      ],
    },
    {
      name: "-D chooses the other end",
      args: ["-D", "1,{port}", "--netns", "{netns}"],
      work: tcp(exchange("4", 7)),
      of: inNetns,
      counts: rows(7, [...ACTIVE, ...FIRST], { rport: "{port}" }),
    },
    {
      name: "-d names the remote host of connections that a process made, by what it was told",
      args: ["-d", "--netns", "{netns}", "-6"],
      work: tcp(
        "resolve=stream:1",
        "resolve=aaaa:0",
        "known=pointer:1",
        exchange("m", 3),
        exchange("6", 2),
      ),
      of: inNetns,
      counts: [
        ...rows(3, [...ACTIVE, ...FIRST], { laddr: "::ffff:127.0.0.1", rhost: "stream.test" }),
        ...rows(2, [...ACTIVE, ...FIRST], { laddr: "::1", rhost: "aaaa.test" }),
        ...rows(3, [...PASSIVE, ...SECOND], { laddr: "::ffff:127.0.0.1", rhost: null }),
        ...rows(2, [...PASSIVE, ...SECOND], { laddr: "::1", rhost: null }),
        ...rows(1, ["LISTEN CLOSE"], { laddr: "::ffff:127.0.0.1", rhost: null }),
        ...rows(1, ["LISTEN CLOSE"], { laddr: "::1", rhost: null }),
      ],
    },
    ...[["-6"], ["-D", "1"], ["-L", "1"], ["--netns", "1"]].map((args) => ({
      name: `${args.join(" ")} hides others`,
      args,
      work: tcp(exchange("4", 7)),
      of: inNetns,
      rows: [],
    })),
    {
      name: "prints bcc's table, with - for a state that began before tracing",
      args: ["-4"],
      work: tcp(exchange("4", 1)),
      lines: [
        /^SKADDR {11}C-PID C-COMM {5}LADDR {11}LPORT RADDR {11}RPORT OLDSTATE {4}-> NEWSTATE {4}MS$/,
        /^[0-9a-f]{16} {client} +tcp-client 127\.0\.0\.1 {7}0 {5}127\.0\.0\.1 {7}{port} CLOSE {7}-> SYN_SENT {4}0\.000$/,
        /^[0-9a-f]{16} \d+ +.{10} 127\.0\.0\.1 {7}{port} 127\.0\.0\.1 {7}\d{5} SYN_RECV {4}-> ESTABLISHED \d+\.\d{3}$/,
        /^[0-9a-f]{16} \d+ +.{10} 127\.0\.0\.1 {7}{port} 0\.0\.0\.0 {9}0 {5}LISTEN {6}-> CLOSE {7}-$/,
      ],
    },
    {
      name: "prints comma-separated values",
      args: ["-sT"],
      work: tcp(exchange("6", 1)),
      lines: [
        /^TIME,SKADDR,C-PID,C-COMM,IP,LADDR,LPORT,RADDR,RPORT,OLDSTATE,NEWSTATE,MS$/,
        /^[\d:]{8},[0-9a-f]+,{client},tcp-client,6,::1,0,::1,{port},CLOSE,SYN_SENT,0\.000$/,
      ],
    },
  ],
  anywhere: TCP_EVENTS,
});

/** Checks a row: only the listener's state, which began before tracing, has no duration. */
function checkRow(row: Row): void {
  const { ms, laddr, raddr, oldstate, newstate } = row;
  const isListener = oldstate === "LISTEN" && newstate === "CLOSE";
  const isTimed = isListener ? ms === null : ms !== null && Number(ms) >= 0;
  // Before Linux 6.12 a new socket has no remote address yet when it leaves LISTEN.
  const isWhole = oldstate === "LISTEN" || raddr === laddr;
  if (!isTimed || !isWhole) throw new Error(JSON.stringify(row));
}

function bySocket(rows: readonly Row[]): Row[][] {
  const lives = new Map<unknown, Row[]>();
  const ended: Row[][] = [];
  for (const row of rows) {
    const life = lives.get(row.skaddr) ?? [];
    life.push(row);
    lives.set(row.skaddr, life);
    if (row.newstate === "CLOSE") {
      ended.push(life);
      lives.delete(row.skaddr); // the next socket may be allocated at this address
    }
  }
  return ended;
}

/** Checks that each change of a socket starts in the state in which the one before ended. */
function checkChain(states: readonly Row[]): void {
  for (const [i, { oldstate }] of states.entries()) {
    if (i > 0 && oldstate !== states[i - 1]!.newstate) throw new Error(JSON.stringify(states));
  }
}
