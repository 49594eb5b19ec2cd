/**
 * Counts how often a USDT probe fires, by the value of its first argument, until Ctrl-C.
 *
 *     sudo deno run -A examples/usdt.ts 4711                       # the probes of a process
 *     sudo deno run -A examples/usdt.ts 4711 ruby:array__create    # counts one of them
 *     sudo bun examples/usdt.ts /usr/bin/ruby ruby:array__create   # of every process
 *
 *         COUNT VALUE
 *            12 0
 *           340 16
 *
 * It teaches: USDT probes, which a program's author compiled into it, and reading their arguments.
 */

import { Bpf, i64, u64, usdtProbes } from "../mod.ts";

const [place = "", name] = process.argv.slice(2);
const source = /^\d+$/.test(place) ? { pid: Number(place) } : { path: place };
if (name === undefined) {
  for (const { provider, name, locations } of usdtProbes(source)) {
    console.log(`${provider}:${name}`, ...locations[0]!.arguments.map(({ type }) => type));
  }
  process.exit();
}

using bpf = Bpf.compile(
  `
  BPF_HASH(counts, s64, u64, 1 << 16);

  int on_probe(struct pt_regs *ctx) {
    s64 value = 0;

    bpf_usdt_readarg(1, ctx, &value);
    counts.increment(value);
    return 0;
  }
`,
  { usdt: [{ ...source, name, program: "on_probe" }] },
);

const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));
const links = bpf.attach();
if (process.env.TSBCC_READY === "1") console.error("ready");
console.log(`Counting ${name}, Ctrl-C to end`);

// A pending promise does not keep the process alive; a timer does.
const awake = setInterval(() => {}, 2 ** 30);
await interrupted;
clearInterval(awake);
for (const link of links) link.close();

const counts = [...bpf.map("counts", i64, u64.asNumber)].sort(([, a], [, b]) => a - b);
console.log("     COUNT VALUE");
for (const [value, n] of counts) console.log(`${String(n).padStart(10)} ${value}`);
