/**
 * Options of the network tools whose other tests are cases: each of bcc's is there, wrong values are
 * refused.
 */

import { test } from "node:test";
import { requires } from "../support/requires.ts";
import { helpNames, refuses } from "../support/tool.ts";

type Refusals = Parameters<typeof refuses>[1];

const BOTH_FAMILIES: Refusals[number] = [
  ["-4", "-6"],
  /use either -4\/--ipv4 or -6\/--ipv6, not both/,
];

const TOOLS: Readonly<Record<string, { readonly names: string; readonly wrong: Refusals }>> = {
  tcpstates: {
    names:
      "-T -t -w -s -Y -L -D -4 -6 -h --journal --time --timestamp --wide --csv --localport --remoteport " +
      "--ipv4 --ipv6 --netns --print-netns --json --duration",
    wrong: [
      BOTH_FAMILIES,
      [["-s", "--json"], /use either -s\/--csv or --json, not both/],
      [["-L", "80,x"], /invalid value "80,x" for -L\/--localport: expected at most 64 ports/],
      [["--netns", "0"], /invalid value "0" for --netns: expected the inode of a namespace/],
    ],
  },
  tcpconnlat: {
    names: "-t -p -L -4 -6 -h --timestamp --pid --lport --ipv4 --ipv6 --cgroup --cgroupmap " +
      "--mntnsmap --pidns --container --json --duration",
    wrong: [
      BOTH_FAMILIES,
      [["-p", "x"], /invalid value "x" for -p\/--pid/],
      [["-1"], /-1/],
      [["many"], /invalid value "many" for min_ms: expected a duration in milliseconds/],
    ],
  },
  tcptracer: {
    names: "-t -v -p -N -4 -6 -u -U -h --timestamp --verbose --pid --netns --ipv4 --ipv6 --uid " +
      "--print-uid --cgroup --cgroupmap --mntnsmap --pidns --container --json --duration",
    wrong: [BOTH_FAMILIES, [["-N", "eth0"], /invalid value "eth0" for -N\/--netns/]],
  },
  bindsnoop: {
    names: "-t -w -p -P -E -U -u --count -h --timestamp --wide --pid --port --errors --print-uid " +
      "--uid --cgroup --cgroupmap --mntnsmap --pidns --container --json --duration",
    wrong: [BOTH_FAMILIES, [["-P", "0"], /invalid value "0" for -P\/--port: expected at most 64/]],
  },
  solisten: {
    names: "-p -n --show-netns --pid --netns -h --cgroup --cgroupmap --mntnsmap --json --duration",
    wrong: [[["-n", "x"], /invalid value "x" for -n\/--netns/], [["80"], /80/]],
  },
  tcpdrop: {
    names: "-4 -6 -h --ipv4 --ipv6 --netns --print-netns --no-stack --json --duration",
    wrong: [BOTH_FAMILIES],
  },
  tcptop: {
    names: "-C -S -p -4 -6 -h --noclear --nosummary --pid --ipv4 --ipv6 --netns interval count " +
      "--cgroup --cgroupmap --mntnsmap --pidns --json --duration",
    wrong: [BOTH_FAMILIES, [["0"], /invalid value "0" for interval: expected an interval/]],
  },
  tcpsubnet: {
    names: "-f -i -J -p -h --format --interval --json --netns --cgroup --cgroupmap --mntnsmap " +
      "subnets --duration",
    wrong: [
      [["-f", "g"], /invalid value "g" for -f\/--format: expected one of b, k, m, B, K, M/],
      [["10.0.0.0/33"], /expected subnets such as 10\.0\.0\.0\/8 or .*, found "10\.0\.0\.0\/33"/],
      [["-i", "0"], /invalid value "0" for -i\/--interval/],
    ],
  },
  tcpsynbl: {
    names: "-4 -6 -h --ipv4 --ipv6 --netns --json --duration interval count",
    wrong: [BOTH_FAMILIES],
  },
  tcprtt: {
    names: "-i -d -T -m -p -P -a -A -b -B -e -4 -6 -h --interval --duration --timestamp " +
      "--milliseconds --lport --rport --laddr --raddr --byladdr --byraddr --extension --ipv4 --ipv6 " +
      "--netns --json",
    wrong: [
      BOTH_FAMILIES,
      [["-b", "-B"], /use either -b\/--byladdr or -B\/--byraddr, not both/],
      [["-a", "localhost"], /invalid value "localhost" for -a\/--laddr: expected an IPv4 or IPv6/],
    ],
  },
  tcpcong: {
    names:
      "-L -R -T -d -u -h --localport --remoteport --timestamp --dist --microseconds interval " +
      "outputs --netns --json --duration",
    wrong: [
      BOTH_FAMILIES,
      [["-L", "80-"], /invalid value "80-" for -L\/--localport: expected a port or a range/],
      [["-R", "65536"], /invalid value "65536" for -R\/--remoteport/],
    ],
  },
  gethostlatency: {
    names:
      "-p -l -h --pid --libc --cgroup --cgroupmap --mntnsmap --pidns --container --json --duration",
    wrong: [[["-p", "0"], /invalid value "0" for -p\/--pid/]],
  },
  netqtop: {
    names: "-n -i -t -h --name --interval --throughput --json --duration",
    wrong: [
      [[], /expected a network interface: -n eth0/],
      [["-n", "nobody0"], /there is no network interface "nobody0": see ip link/],
      [["-n", "../lo"], /there is no network interface "\.\.\/lo"/],
    ],
  },
};

for (const [name, { names, wrong }] of Object.entries(TOOLS)) {
  const what = `${name} names every option of bcc's tool, and refuses wrong ones`;
  test(what, { skip: requires(what, "speed") }, async () => {
    await helpNames(name, names);
    await refuses(name, wrong);
  });
}
