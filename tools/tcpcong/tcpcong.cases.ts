import { type CaseContext, defineCases, type IsOf, type Row } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, tcp } from "../../tests/support/jobs.ts";

/** Connections that lose packets, which their clients retransmit by a timer. */
const work = tcp("lossy=4:2");

/** Selects connections to the first listener: on a busy machine others may lose packets as well. */
const lossy: IsOf = (row, context) => inNetns(row, context) && row.rport === context.names.port;

/** Checks which clients lost packets, by address, and that each was in state Loss for some time. */
const expectLoss =
  (...addresses: readonly string[]) => (rows: readonly Row[], { names }: CaseContext) => {
    const found = rows.map(({ laddr }) => String(laddr)).toSorted();
    const wrong = rows.find(({ los_us, chgs, rport }) =>
      !(Number(los_us) > 0 && Number(chgs) > 0 && rport)
    );
    if (wrong || found.join() !== addresses.toSorted().join()) {
      throw new Error(`${JSON.stringify(rows)} in ${names.netns}`);
    }
  };

export default defineCases({
  usage: {
    names:
      "-L -R -T -d -u -h --localport --remoteport --timestamp --dist --microseconds interval " +
      "outputs --netns --json --duration",
    wrong: [[["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/], [
      ["-L", "80-"],
      /invalid value "80-" for -L\/--localport: expected a port or a range/,
    ], [["-R", "65536"], /invalid value "65536" for -R\/--remoteport/]],
  },
  cases: [
    {
      name: "shows connections that lost something, in state Loss",
      canary: true,
      args: ["-u", "-R", "{port}"],
      work,
      of: lossy,
      check: expectLoss("127.0.0.1", "127.0.0.1"),
    },
    {
      name: "shows IPv6, and not IPv4 with -6",
      args: ["-u", "-6"],
      work: tcp("lossy=6:1", "lossy=4:1"),
      of: inNetns,
      check: expectLoss("::1"),
    },
    {
      name: "takes a socket of IPv6 that talks IPv4 for IPv6",
      args: ["-u", "-6"],
      work: tcp("lossy=m:1", "lossy=4:1"),
      of: inNetns,
      check: expectLoss("::ffff:127.0.0.1"),
    },
    {
      name: "-R and --netns choose connections",
      args: ["-u", "-R", "{port}", "--netns", "{netns}"],
      work: tcp("lossy=4:2", "lossy=6:1"),
      of: inNetns,
      check: expectLoss("127.0.0.1", "127.0.0.1"),
    },
    {
      // A failed connect() sets the state once more after the socket has ended, and later sockets
      // are allocated at the same addresses.
      name: "knows connections from those that failed at the same place before them",
      args: ["-u"],
      work: tcp("refused=4:23", "lossy=4:2", "refused=6:23", "lossy=6:1"),
      of: inNetns,
      check: expectLoss("127.0.0.1", "127.0.0.1", "::1"),
    },
    { name: "-R hides others", args: ["-R", "1-9"], work, of: inNetns, rows: [] },
    { name: "-L hides others", args: ["-L", "1"], work, of: inNetns, rows: [] },
    { name: "--netns hides others", args: ["--netns", "1"], work, of: inNetns, rows: [] },
    {
      name: "-d shows histograms by state",
      args: ["-du", "--netns", "{netns}"],
      work: tcp("lossy=4:2"),
      of: (row) => row.tcp_congest_state === "loss",
      rows: [{ record: "histogram", value: "usecs" }],
    },
    {
      name: "prints bcc's table, with -T the time of day above it",
      args: ["-T", "--netns", "{netns}"],
      work: tcp("lossy=4:1", "lossy=6:1"),
      lines: [
        /^Tracing tcp congestion control status duration\.\.\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d$/,
        /^LAddrPort {13}RAddrPort {13}Open_ms Dod_ms Rcov_ms Cwr_ms {2}Los_ms Chgs$/,
        /^127\.0\.0\.1\/\d{5} +127\.0\.0\.1\/{port} +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ *$/,
        /^LAddrPort6 {23}RAddrPort6 /,
      ],
    },
  ],
  anywhere: TCP_EVENTS,
});
