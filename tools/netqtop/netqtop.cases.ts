import { type Case, defineCases, type Job, type Work } from "../../tests/support/cases.ts";
import { Tap, VethPair } from "../../tests/support/network.ts";

const COUNT = 97;
const LENGTH = 42; // the length of frames in network.ts
const ETHERNET = 14;

/** Datagrams from `{far}` to `{near}`, the ends of a veth pair that no other process uses. */
const datagrams: Work = {
  start(): Promise<Job> {
    const pair = new VethPair();
    const near = new Tap(pair.near);
    const far = new Tap(pair.far);
    return Promise.resolve({
      pid: process.pid,
      names: { near: pair.near, far: pair.far },
      go: () => far.sendAll(9, COUNT, () => near.received(9)),
      [Symbol.asyncDispose]() {
        near[Symbol.dispose]();
        far[Symbol.dispose]();
        pair[Symbol.dispose]();
        return Promise.resolve();
      },
    });
  },
};

const counts = (name: string, end: string, direction: string, size: number): Case => ({
  name,
  args: ["-i", "600", "-n", `{${end}}`],
  work: datagrams,
  of: (row) => row.direction !== undefined,
  rows: ["tx", "rx"].flatMap((each) =>
    [0, null].map((queue) => {
      const packets = each === direction ? COUNT : 0;
      return {
        direction: each,
        queue,
        packets,
        bytes: packets * size,
        size_64: packets,
        size_512: 0,
        avg_size: packets && size,
      };
    })
  ),
});

export default defineCases({
  usage: {
    names: "-n -i -t -h --name --interval --throughput --json --duration",
    wrong: [[[], /expected a network interface: -n eth0/], [
      ["-n", "nobody0"],
      /there is no network interface "nobody0": see ip link/,
    ], [["-n", "../lo"], /there is no network interface "\.\.\/lo"/]],
    right: ["-n", "eth0"],
  },
  cases: [
    { ...counts("shows 97 packets sent, and none received", "far", "tx", LENGTH), canary: true },
    counts(
      "shows 97 packets received, without their Ethernet header",
      "near",
      "rx",
      LENGTH - ETHERNET,
    ),
    {
      name: "prints bcc's tables",
      args: ["-n", "{far}", "-t", "-i", "600"],
      work: datagrams,
      lines: [
        /^\w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4}\nTX$/,
        /^ QueueID {4}avg_size {3}\[0, 64\) {4}\[64, 512\) {2}\[512, 2K\) {2}\[2K, 16K\) {2}\[16K, 64K\) BPS {8}PPS$/,
        /^ 0 {10}42\.0 {7}97 {9}0 {10}0 {10}0 {10}0 {10}[\d.]+[KM]? +[\d.]+[KM]? *$/,
        /^RX$/,
        /^-{95}$/,
      ],
    },
  ],
});
