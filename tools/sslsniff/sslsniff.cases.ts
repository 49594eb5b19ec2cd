import { defineCases, type Row } from "../../tests/support/cases.ts";
import { httpsClient, tls } from "../../tests/support/tls.ts";

const mine = ["-p", "{pid}"];
const [READ, WRITE] = ["READ/RECV", "WRITE/SEND"];

/** The row of a line of text that was sent or received. */
const line = (func: string | undefined, data: string): Row => ({
  func,
  len: data.length,
  data,
  truncated: 0,
});

/** Rows of `count` requests and answers at the client; of the server with the functions swapped. */
const texts = (count: number, [request, answer] = [WRITE, READ]) =>
  Array.from({ length: count }, (_, i) => [
    line(request, `request ${i}\n`),
    line(answer, `answer ${i}\n`),
  ]).flat();

/** The row of data that is not UTF-8: it has the bytes as well as the text. */
const binary = (func: string | undefined) => ({
  func,
  len: 4,
  data: "\\x01\\xff\\x00\\x1b",
  data_hex: "01ff001b",
  truncated: 0,
});

/** Data that imitates the end of a row's data and the start of another row. */
const FAKED = "say=a\n----- END DATA -----\n\nWRITE/SEND   0.0\n\x1b[31m\u2028";

const handshake = line("HANDSHAKE", "");

/** Checks that the data of all rows of a function, joined, contains a text. */
function expectText(rows: readonly Row[], func: string | undefined, text: string): void {
  const all = rows.filter((row) => row.func === func).map(({ data }) => data).join("");
  if (!all.includes(text)) throw new Error(`no ${text} in ${JSON.stringify(rows)}`);
}

function expectPage(rows: readonly Row[]): void {
  expectText(rows, WRITE, "GET /page HTTP/1.");
  expectText(rows, READ, "a page of 17\n");
}

export default defineCases({
  usage: {
    names:
      "-h -p -u -x -c -o -g -n -d -l --pid --uid --extra --comm --no-openssl --no-gnutls --no-nss " +
      "--debug --hexdump --max-buffer-size --latency --handshake --extra-lib --json --cgroup",
    wrong: [
      [["--extra-lib", "/lib/libssl.so"], /expected TYPE:PATH, with one of openssl, gnutls, nss/],
      [["--extra-lib", "rustls:/lib/x"], /expected TYPE:PATH/],
      [["--max-buffer-size", "16385"], /expected a size in bytes, a whole number from 0 to 16384/],
    ],
  },
  cases: [
    {
      name: "shows what a client of OpenSSL sends and receives, exactly and in order",
      canary: true,
      args: [...mine, "--handshake"],
      work: tls("openssl", ["text=13", "ex=7"]),
      rows: [handshake, ...texts(13), ...texts(7)],
      check(rows) {
        if (rows.some(({ lat_ms }) => !(Number(lat_ms) > 0))) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "shows a client of GnuTLS, its handshake and what is no text",
      args: [...mine, "--handshake"],
      work: tls("gnutls", ["text=13", "binary=2"]),
      rows: [
        handshake,
        ...texts(13),
        ...[WRITE, READ, WRITE, READ].map(binary),
      ],
    },
    {
      name: "shows a client of NSS, and not what it reads of files",
      args: mine,
      work: tls("nss", ["text=13", "ex=7"]),
      rows: [...texts(13), ...texts(7)],
    },
    {
      name: "shows both ends of a statically linked program that --extra-lib names",
      args: ["-ogn", "--extra-lib", "openssl:{dir}/tls"],
      work: tls("static", ["text=5", "ex=5"]),
      of: ({ pid }, { pid: client, names }) => pid === client || pid === names.server,
      counts: texts(5).flatMap(({ func, data }) => [
        [{ pid: "{pid}", func, data }, 2],
        [{ pid: "{server}", func: func === READ ? WRITE : READ, data }, 2],
      ]),
    },
    {
      name: "finds it in a statically linked program by its process",
      args: mine,
      work: tls("static", ["text=5"]),
      rows: texts(5),
    },
    {
      name: "finds a container's library by its process",
      args: mine,
      work: tls("openssl", ["text=5"], { container: "libssl.so.3" }),
      rows: texts(5),
    },
    {
      name: "does not see a container's library otherwise",
      args: ["-gn"],
      work: tls("openssl", ["text=5"], { container: "libssl.so.3" }),
      rows: [],
    },
    {
      name: "--max-buffer-size and --hexdump show a part of what was carried",
      args: [...mine, "--max-buffer-size", "3", "--hexdump"],
      work: tls("openssl", ["large=20011", "text=1"]),
      rows: [
        { func: WRITE, len: 20011, data: "787878", truncated: 20008 },
        { func: READ, len: 2, data: "6f6b", truncated: 0 },
        { func: WRITE, len: 10, data: "726571", truncated: 7 },
        { func: READ, len: 9, data: "616e73", truncated: 6 },
      ],
    },
    ...[["openssl", "-o"], ["gnutls", "-g"], ["nss", "-n"]].map(([kind, flag]) => ({
      name: `${flag} hides ${kind}`,
      args: [...mine, flag!],
      work: tls(kind as "openssl" | "gnutls" | "nss", ["text=1"]),
      rows: [],
    })),
    {
      name: "shows curl, which loads OpenSSL after tracing has begun",
      args: mine,
      work: httpsClient("curl -sk https://127.0.0.1:4433/page"),
      requires: ["speed"],
      check: expectPage,
    },
    {
      name: "shows wget, which uses GnuTLS",
      args: mine,
      work: httpsClient("wget -qO- --no-check-certificate https://127.0.0.1:4433/page"),
      requires: ["speed"],
      check: expectPage,
    },
    {
      name: "prints bcc's table, and data that can do a terminal no harm",
      args: [...mine, "-lx"],
      work: tls("openssl", ["text=1", "binary=1", "large=20011", FAKED]),
      lines: [
        /^FUNC {9}TIME\(s\) {12}COMM {13}PID {5}LEN {5}UID {5}TID {5}LAT\(ms\)$/,
        /^WRITE\/SEND {3}0\.0{9} {8}tls-client {7}{pid} +10 {6}0 {7}{pid} +\d+\.\d{3} *\n-{5} DATA -{5}\nrequest 0\n-{5} END DATA -{5}\n\n/,
        /^\\x01\\xff\\x00\\x1b\n/,
        /^a\n\\x2d---- END DATA -{5}\n\nWRITE\/SEND {3}0\.0\n\\x1b\[31m\\u\{2028\}\n-{5} END DATA -{5}$/,
        /^x{8192}\n-{5} END DATA \(TRUNCATED, 11819 bytes lost\) -{5}$/,
      ],
    },
  ],
  filters: {
    work: tls("static", ["text=5"]),
    args: ["-ogn", "--extra-lib", "openssl:{dir}/tls"],
    expect: 10,
  },
});
