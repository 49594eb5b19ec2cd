import { defineCases, times, type Work } from "../../tests/support/cases.ts";
import { buildProgram } from "../../tests/support/build.ts";
import { Script } from "../../tests/support/script.ts";

/**
 * Look-ups in a network namespace without a name server. Tests always use -p: without it every
 * process that uses the C library would run into the probe.
 */
const lookups = (...steps: readonly string[]): Work => ({
  start: () => Script.of(["unshare", "--net", buildProgram("lookups.c"), ...steps]),
});
const work = lookups(
  "getaddrinfo=97=127.0.0.1",
  "gethostbyname=13=192.0.2.7",
  "gethostbyname2=7=::1",
);
const mine = ["-p", "{pid}"];
const LONG = "a".repeat(300);

export default defineCases({
  usage: {
    names:
      "-p -l -h --pid --libc --cgroup --cgroupmap --mntnsmap --pidns --container --json --duration",
    wrong: [[["-p", "0"], /invalid value "0" for -p\/--pid/]],
  },
  cases: [
    {
      name: "shows look-ups by all three functions, exactly and in order",
      canary: true,
      args: mine,
      work,
      rows: [
        ...times(97, { comm: "lookups", host: "127.0.0.1", truncated: false }),
        ...times(13, { comm: "lookups", host: "192.0.2.7", truncated: false }),
        ...times(7, { comm: "lookups", host: "::1", truncated: false }),
      ],
      check(rows) {
        if (rows.some(({ lat_ms }) => !(Number(lat_ms) > 0))) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "shows no call without a name, and says when one is cut",
      args: mine,
      work: lookups("getaddrinfo=5=", `getaddrinfo=1=${LONG}`, "getaddrinfo=1=127.0.0.2"),
      rows: [
        { host: LONG.slice(0, 255), truncated: true },
        { host: "127.0.0.2", truncated: false },
      ],
    },
    {
      name: "-l names the C library",
      args: [...mine, "-l", "/lib/x86_64-linux-gnu/libc.so.6"],
      work: lookups("getaddrinfo=3=127.0.0.1"),
      requires: ["speed"],
      rows: times(3, { host: "127.0.0.1" }),
    },
    {
      name: "prints bcc's table",
      args: mine,
      work,
      lines: [
        /^TIME {6}PID {5}COMM {18}LATms HOST$/,
        /^[\d:]{8} {2}{pid} +lookups +\d+\.\d\d 127\.0\.0\.1$/,
      ],
    },
  ],
  filters: {
    work,
    args: mine,
    expect: 117,
    not: {
      pid: "each case has it: without, a probe would be in the C library of the whole machine",
      pidns: "-p names a process of that namespace then: tests/tools/frame_containers_test.ts",
    },
  },
});
