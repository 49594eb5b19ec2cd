/**
 * sslsniff: show what programs send and receive over TLS, before it is encrypted and after it is decrypted.
 *
 * USAGE: sslsniff [-p PID] [-u UID] [-c COMM] [-o] [-g] [-n] [--extra-lib TYPE:PATH] [-x] [-l]
 *                 [--handshake] [--hexdump] [--max-buffer-size BYTES] [-d] [--duration SECONDS] [-b PAGES]
 *                 [--cgroup PATH] [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--json]
 *
 *     # sslsniff -l -c curl --max-buffer-size 64
 *     FUNC         TIME(s)            COMM             PID     LEN     LAT(ms)
 *     WRITE/SEND   0.000000000        curl             7402    78      0.117
 *     ----- DATA -----
 *     GET / HTTP/1.1
 *     Host: 127.0.0.1:8443
 *     User-Agent: curl/7.88.1
 *     A
 *     ----- END DATA (TRUNCATED, 14 bytes lost) -----
 *
 *     READ/RECV    0.148415510        curl             7402    186     12.080
 *     ----- DATA -----
 *     HTTP/1.0 200 OK
 *     Server: SimpleHTTP/0.6 Python/3.11.7
 *     Date: Sun
 *     ----- END DATA (TRUNCATED, 122 bytes lost) -----
 *
 * Libraries: OpenSSL and what has its interface (LibreSSL, BoringSSL: SSL_read, SSL_write and their _ex
 * forms), GnuTLS (gnutls_record_recv, gnutls_record_send), NSS (PR_Read, PR_Recv, PR_Write, PR_Send of
 * NSPR, of TLS sockets only). Without -p they are those of this machine, as the dynamic linker finds them.
 * With -p they are looked for in all that the process has mapped: a library in a container or another
 * folder, or the program itself, if it is statically linked and has its symbols. --extra-lib names such a
 * file: `--extra-lib openssl:/opt/lib/libssl.so.3`, `--extra-lib openssl:/opt/bin/server`.
 *
 * What carries the TLS does not matter: TCP, a unix socket, a pipe.
 *
 * What is no text shows as \xff; of what looks like a line its "\r" at the end is left out. JSON has
 * the whole text, and where it is no UTF-8 the bytes as data_hex. LEN is what the call carried, of which
 * at most --max-buffer-size bytes are shown. COMM of -c is the whole name, as in bcc's tool.
 *
 * Hooks: uprobes at entry and return of these functions. Not seen: libraries with interfaces of their own
 * (Go's crypto/tls, rustls, Java), programs without symbols, what is sent by sendfile (SSL_sendfile,
 * kernel TLS), gnutls_record_send2 and its kin, libraries of programs in containers without -p or
 * --extra-lib. A probe is refused where it would break what it traces: see `ts-bcc doctor`.
 */

import { bytesRest, decodeText, type Infer, struct, u32, u64 } from "../../mod.ts";
import { flag, longOnly, number, text, UsageError } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { remark } from "../../toolkit/output/complain.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { namedProcess } from "../../toolkit/task/pid_namespace.ts";
import { Who } from "../../toolkit/task/who.ts";
import { attachLibraries, LIBRARY_NAMES, type LibraryName } from "./libraries.ts";
import object from "./sslsniff.bpf.o.ts";

const DATA_MAX = 16384; // as in sslsniff.bpf.c
const DATA_DEFAULT = 8192;
const HEX_WIDTH = 32;

const options = {
  pid: filterOptions.pid,
  uid: filterOptions.uid,
  comm: text({ short: "c", long: "comm", meta: "COMM", help: "trace programs of this name only" }),
  noOpenssl: flag({ short: "o", long: "no-openssl", help: "do not show OpenSSL calls" }),
  noGnutls: flag({ short: "g", long: "no-gnutls", help: "do not show GnuTLS calls" }),
  noNss: flag({ short: "n", long: "no-nss", help: "do not show NSS calls" }),
  extra: {
    long: "extra-lib",
    meta: "TYPE:PATH",
    help: "trace this library or program as well; TYPE is openssl, gnutls or nss",
    initial: [] as readonly Extra[],
    parse: (value: string, before: readonly Extra[]) => [...before, extraOf(value)],
  },
  extraColumns: flag({ short: "x", long: "extra", help: "show UID and TID" }),
  latency: flag({ short: "l", long: "latency", help: "show how long each call took" }),
  handshake: flag({ long: "handshake", help: "show handshakes of OpenSSL and GnuTLS as well" }),
  hexdump: flag({ long: "hexdump", help: "show data in hexadecimal instead of as text" }),
  most: number({
    long: "max-buffer-size",
    meta: "BYTES",
    help: `how much of the data to show (default ${DATA_DEFAULT})`,
    what: "a size in bytes",
    min: 0,
    max: DATA_MAX,
  }),
  debug: flag({ short: "d", long: "debug", help: "say which functions of which files are traced" }),
  ...containerOptions,
  ...eventOptions,
  timelines: longOnly(eventOptions.timelines),
  duration: longOnly(eventOptions.duration),
} as const;

interface Extra {
  readonly name: LibraryName;
  readonly path: string;
}

function extraOf(value: string): Extra {
  const [, type, path] = /^(\w+):(.+)$/.exec(value) ?? [];
  const name = LIBRARY_NAMES.find((each) => each === type);
  if (name && path) return { name, path: process.getBuiltinModule("node:path").resolve(path) };
  throw new UsageError(`expected TYPE:PATH, with one of ${LIBRARY_NAMES.join(", ")}`);
}

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  duration_ns: u64.asNumber,
  function: u32,
  length: u32,
  data: bytesRest(),
});
type Event = Infer<typeof Event>;

const FUNCTIONS = ["READ/RECV", "WRITE/SEND", "HANDSHAKE"];

const textOf = ({ data }: Event): string => decodeText(new DataView(data.buffer), 0, data.length);

/** Matches lines of data that look like the tool's own marks: data must not fake rows. */
const MARK = /^-(?=---- (END )?DATA)/;

/** The data as text or hex, between two marks. */
function dataLines(event: Event, hexdump: boolean): string[] {
  const { data, length } = event;
  if (data.length === 0) return [];
  const lost = length - data.length;
  const lines = hexdump
    ? data.toHex().match(new RegExp(`.{1,${HEX_WIDTH}}`, "g"))!
    : textOf(event).replace(/\n$/, "").split("\n").map((line) =>
      line.replace(/\r$/, "").replace(MARK, "\\x2d")
    );
  const end = lost > 0 ? `END DATA (TRUNCATED, ${lost} bytes lost)` : "END DATA";
  return ["----- DATA -----", ...lines, `----- ${end} -----`];
}

const sslsniff = defineTool({
  name: "sslsniff",
  summary: "Show what programs send and receive over TLS, as plain text.",
  examples: [
    ["sslsniff", "trace OpenSSL, GnuTLS and NSS"],
    ["sslsniff -p 181", "only PID 181, be its libraries in a container"],
    ["sslsniff -u 1000", "only trace UID 1000"],
    ["sslsniff -c curl", "only trace the curl command"],
    ["sslsniff --no-openssl", "don't show OpenSSL calls"],
    ["sslsniff --no-gnutls", "don't show GnuTLS calls"],
    ["sslsniff --no-nss", "don't show NSS calls"],
    ["sslsniff --hexdump", "show data as hex instead of as text"],
    ["sslsniff -x", "show UID and TID"],
    ["sslsniff -l", "show how long each call took"],
    ["sslsniff -l --handshake", "show handshakes and how long they took"],
    ["sslsniff --extra-lib openssl:/path/libssl.so.1.1", "trace another library as well"],
  ],
  object,
  options,
  // Tests print what they trace: this sample does not trace libraries that carry secrets of others.
  sample: ["--no-openssl", "--no-gnutls"],
  plan(values) {
    const { json, comm, hexdump, handshake } = values;
    const left = { openssl: values.noOpenssl, gnutls: values.noGnutls, nss: values.noNss };
    const wanted = {
      names: LIBRARY_NAMES.filter((name) => !left[name]),
      extra: values.extra,
      handshake,
    };
    const debug = values.debug ? remark : () => {};
    return eventPlan(Event, {
      load: filterSettings(values, { data_max: values.most ?? DATA_DEFAULT }),
      attach: (bpf) =>
        Promise.resolve(attachLibraries(bpf, { ...wanted, pid: namedProcess(values) }, debug)),
      wants: ({ who }) => comm === undefined || who.comm === comm,
      columns: [
        { head: "FUNC", width: 12, value: (event) => FUNCTIONS[event.function]! },
        secondsColumn({ width: 18, digits: 9 }),
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        { head: "PID", width: 7, align: "left", value: ({ who }) => who.pid },
        { head: "LEN", width: 7, align: "left", value: ({ length }) => length },
        (values.extraColumns || json) &&
        { head: "UID", width: 7, align: "left", value: ({ who }) => who.uid },
        (values.extraColumns || json) &&
        { head: "TID", width: 7, align: "left", value: ({ who }) => who.tid },
        (values.latency || json) && {
          head: "LAT(ms)",
          key: "lat_ms",
          width: 7,
          align: "left",
          digits: 3,
          value: ({ duration_ns }) => duration_ns / 1e6,
        },
        json && {
          head: "DATA",
          value: (event) => hexdump ? event.data.toHex() : textOf(event),
        },
        json && { head: "TRUNCATED", value: ({ data, length }) => length - data.length },
      ],
      below: (event) => dataLines(event, hexdump),
    });
  },
});

export default sslsniff;

if (import.meta.main) await main(sslsniff);
