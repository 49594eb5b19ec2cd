/**
 * Do our user stacks agree with those of `perf record --call-graph dwarf`? Both hang on the same
 * moments, which come anywhere in a program: timer interrupts and page faults. So each stack is taken
 * by both at the same instruction, and compared frame by frame.
 *
 *     sudo deno run --allow-all --no-check bench/stack_agreement.ts [--seconds N] [python|node|postgres|openssl|chromium|ruby…]
 *
 * perf (Debian: linux-perf) copies up to 32 KiB of each stack; what it cannot unwind, such as code that was
 * compiled while it ran, it leaves off: frames are compared as far as perf has them.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The same moments by other hooks: where a BPF program that returns 0 hangs, perf gets no samples. */
const OURS = ["irq_vectors:local_timer_exit", "exceptions:page_fault_user"];
const THEIRS = ["irq_vectors:local_timer_entry", "page-faults:u"];
const PROJECT = fileURLToPath(new URL("..", import.meta.url));
/** Code ends there: behind it lies the main stack. Our frames of interpreters are no addresses. */
const CODE_END = 0x7ff000000000n;
/** How far the two lists of a thread may run apart. */
const AHEAD = 200;

/** A running program: the process to look at, and how to end all of it. */
interface Workload {
  readonly pid: number;
  end(): void;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function started(command: readonly string[]): Workload & { readonly child: ChildProcess } {
  const child = spawn(command[0]!, command.slice(1), { stdio: "ignore" });
  return { pid: child.pid!, child, end: () => void child.kill("SIGKILL") };
}

const PYTHON = `
import json, re, hashlib
class Node:
    def __init__(self, depth): self.left = Node(depth - 1) if depth else None
    def walk(self): return 1 + (self.left.walk() if self.left else 0)
while True:
    text = json.dumps([{"a": i, "b": [str(i)] * 9} for i in range(300)])
    sorted(json.loads(text), key=lambda each: -each["a"])
    re.sub(r"[0-9]+", lambda m: m.group()[::-1], text)
    hashlib.sha256(bytes(1 << 20)).hexdigest()
    Node(30).walk()
`;
const NODE = `
const walk = (depth) => depth ? 1 + walk(depth - 1) : crypto.createHash("sha256").update(Buffer.alloc(1 << 20)).digest().length;
for (;;) {
  const text = JSON.stringify(Array.from({ length: 900 }, (_, i) => ({ a: i, b: String(i).repeat(9) })));
  JSON.parse(text).sort((a, b) => b.a - a.a);
  text.replace(/[0-9]+/g, (m) => m.split("").reverse().join(""));
  walk(20);
}
`;
const RUBY = `
def walk(depth) = depth > 0 ? 1 + walk(depth - 1) : [3, 1, 2].sort { |a, b| a <=> b }.size
loop { walk(20); (1..2000).map { |i| i.to_s * 9 }.sort.join(",").gsub(/[0-9]+/) { |m| m.reverse } }
`;
const PAGE = `<script>
setInterval(() => {
  document.body.innerHTML = Array.from({ length: 400 }, (_, i) => "<p style='float:left'>" + i + "</p>").join("");
  document.body.offsetHeight;
}, 0);
</script>`;

async function postgres(folder: string): Promise<Workload> {
  const [version] = readdirSync("/usr/lib/postgresql");
  const bin = `/usr/lib/postgresql/${version}/bin`;
  execFileSync("chown", ["postgres", folder]);
  const as = (
    ...command: string[]
  ) => ["setpriv", "--reuid", "postgres", "--clear-groups", ...command];
  const data = join(folder, "data");
  const run = ([program, ...args]: string[]) => execFileSync(program!, args, { stdio: "ignore" });
  run(as(`${bin}/initdb`, "-D", data));
  const server = started(
    as(`${bin}/postgres`, "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "jit=off"),
  );
  const query = "select count(md5(i::text)), max(regexp_replace(i::text, '1', 'x', 'g')) from " +
    "(select i from generate_series(1, 3000000) i order by md5(i::text)) t";
  const psql = ["psql", "-h", folder, "-d", "postgres", "-U", "postgres"];
  const ready = [...psql, "-c", "select 1"];
  for (let i = 0; i < 100; i++) {
    try {
      run(ready);
      break;
    } catch {
      await sleep(300);
    }
  }
  const client = started([...psql, ...Array.from({ length: 50 }, () => ["-c", query]).flat()]);
  const find = () =>
    readdirSync("/proc").filter((name) => /^\d+$/.test(name)).find((pid) => {
      try {
        return /^postgres: postgres postgres/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
      } catch {
        return false;
      }
    });
  let backend = find();
  for (let i = 0; i < 100 && backend === undefined; i++) {
    await sleep(300);
    backend = find();
  }
  return { pid: Number(backend), end: () => (client.end(), server.child.kill("SIGINT")) };
}

async function chromium(folder: string): Promise<Workload> {
  const page = join(folder, "page.html");
  writeFileSync(page, PAGE);
  const browser = started([
    ...[
      "chromium",
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      `--user-data-dir=${folder}/profile`,
    ],
    ...["--remote-debugging-port=0", `file://${page}`],
  ]);
  await sleep(8000);
  const renderer = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).find((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return line.includes("--type=renderer") && line.includes(folder) ||
        line.includes("--type=renderer") && isBelow(Number(pid), browser.pid);
    } catch {
      return false;
    }
  });
  return { pid: Number(renderer), end: browser.end };
}

function isBelow(pid: number, above: number): boolean {
  for (let at = pid; at > 1;) {
    if (at === above) return true;
    at = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${at}/status`, "utf8"))?.[1] ?? 0);
  }
  return false;
}

const WORKLOADS: Readonly<Record<string, (folder: string) => Workload | Promise<Workload>>> = {
  python: () => started(["/usr/bin/python3.11", "-c", PYTHON]),
  node: () => started(["/usr/bin/node", "-e", NODE]),
  postgres,
  openssl: () => started(["openssl", "speed", "-seconds", "600", "rsa2048", "ecdsap256", "sha256"]),
  ruby: () => started(["/usr/bin/ruby", "--disable=gems", "-e", RUBY]),
  chromium,
};

/** Stacks of one tracer by thread, in the order they were taken: addresses, innermost first. */
type Stacks = Map<number, bigint[][]>;

function parseOurs(text: string): Stacks {
  const stacks: Stacks = new Map();
  let stack: bigint[] | undefined;
  for (const line of text.split("\n")) {
    const [, address] = /^ {8}([ 0-9a-f]{16}) /.exec(line) ?? [];
    const [, tid] = /^\d+\s+(\d+)\s/.exec(line) ?? [];
    if (tid !== undefined) {
      stack = [];
      const list = stacks.get(Number(tid));
      if (list) list.push(stack);
      else stacks.set(Number(tid), [stack]);
    } else if (address !== undefined) stack?.push(BigInt(`0x${address.trim()}`));
  }
  return withoutEmpty(stacks);
}

function parsePerf(text: string): Stacks {
  const stacks: Stacks = new Map();
  for (const part of text.split(/\n\s*\n/)) {
    const [head = "", ...lines] = part.trim().split("\n");
    const tid = Number(/\d+/.exec(head)?.[0]);
    const stack = lines.map((line) => BigInt(`0x${line.trim().split(/\s/)[0]}`));
    const list = stacks.get(tid);
    if (list) list.push(stack);
    else stacks.set(tid, [stack]);
  }
  return withoutEmpty(stacks);
}

function withoutEmpty(stacks: Stacks): Stacks {
  return new Map([...stacks].map(([tid, list]) => [
    tid,
    list.map((stack) => stack.filter((address) => address > 4096n && address < CODE_END))
      .filter((stack) => stack.length > 0),
  ]));
}

/** Addresses as perf prints them: in the file that is mapped there. */
function inFiles(stacks: Stacks, maps: string): Stacks {
  const ranges = maps.split("\n").flatMap((line) => {
    const [, start, end, offset] = /^(\w+)-(\w+) ..x. (\w+) \S+ [1-9]/.exec(line) ?? [];
    return start ? [[start, end, offset].map((text) => BigInt(`0x${text}`))] : [];
  });
  const placed = new Map<bigint, bigint>();
  const place = (address: bigint) => {
    const [start = 0n, , offset = 0n] =
      ranges.find(([from, to]) => address >= from! && address < to!) ?? [];
    return address - start + offset;
  };
  return new Map([...stacks].map(([tid, list]) => [
    tid,
    list.map((stack) =>
      stack.map((address) => {
        if (!placed.has(address)) placed.set(address, place(address));
        return placed.get(address)!;
      })
    ),
  ]));
}

/** The samples that both have: those whose innermost addresses are the same, in order. */
function* pairs(ours: Stacks, theirs: Stacks): Generator<[bigint[], bigint[]]> {
  for (const [tid, list] of theirs) {
    const own = ours.get(tid) ?? [];
    let at = 0;
    for (const stack of list) {
      const next = own.slice(at, at + AHEAD).findIndex((each) => each[0] === stack[0]);
      if (next < 0) continue;
      yield [own[at + next]!, stack];
      at += next + 1;
    }
  }
}

/** perf tells the address of a call, we where it returns to. */
const isSame = (a: bigint, b: bigint) => a === b || a === b + 1n;

async function compare(name: string, seconds: number): Promise<void> {
  const folder = mkdtempSync("/tmp/stack-agreement-");
  execFileSync("chmod", ["711", folder]);
  let workload: Workload | undefined;
  try {
    workload = await WORKLOADS[name]!(folder);
    await sleep(1500);
    const pid = String(workload.pid);
    const tool = spawn("deno", [
      ...[
        "run",
        "--allow-all",
        "--no-check",
        join(PROJECT, "tools/trace/trace.ts"),
        "-U",
        "-a",
        "-p",
        pid,
      ],
      ...["-b", "8192", ...OURS.map((event) => `t:${event}`)],
    ], { env: { ...process.env, TSBCC_READY: "1" }, stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    tool.stdout.setEncoding("utf8").on("data", (text) => out += text);
    const ready = new Promise<void>((resolve) => {
      tool.stderr.setEncoding("utf8").on("data", (text) => {
        err += text;
        if (/^ready$/m.test(err)) resolve();
      });
      tool.on("exit", () => resolve());
    });
    await ready;
    const data = join(folder, "perf.data");
    execFileSync("perf", [
      ...[
        "record",
        "-q",
        "-o",
        data,
        "--user-callchains",
        "--call-graph",
        "dwarf,32768",
        "-m",
        "4096",
      ],
      ...THEIRS.flatMap((event) => ["-e", event]),
      ...["-c", "1", "-p", pid, "--", "sleep", String(seconds)],
    ], { stdio: "ignore" });
    const maps = readFileSync(`/proc/${pid}/maps`, "utf8");
    const ended = new Promise((resolve) => tool.on("close", resolve));
    tool.kill("SIGINT");
    await ended;
    workload.end();
    const script = ["script", "-i", data, "-F", "tid,ip", "--no-inline"];
    const theirs = execFileSync("perf", script, {
      maxBuffer: 2 ** 31,
      stdio: ["ignore", "pipe", "ignore"],
    });
    tell(name, inFiles(parseOurs(out), maps), parsePerf(String(theirs)), err);
  } finally {
    workload?.end();
    await sleep(500);
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell(name: string, ours: Stacks, theirs: Stacks, err: string): void {
  let [samples, same, shorter, longer, differ, frames, agreed] = [0, 0, 0, 0, 0, 0, 0];
  const examples: string[] = [];
  for (const [own, other] of pairs(ours, theirs)) {
    samples++;
    const least = Math.min(own.length, other.length);
    let common = 0;
    while (common < least && isSame(own[common]!, other[common]!)) common++;
    frames += other.length;
    agreed += common;
    if (common === other.length) own.length === common ? same++ : longer++;
    else if (common === own.length) shorter++;
    else differ++;
    if (common < other.length && examples.length < 3) {
      const hex = (stack: bigint[]) => stack.map((at) => at.toString(16)).join(" ");
      examples.push(`  at frame ${common}: ours ${hex(own)}\n    perf ${hex(other)}`);
    }
  }
  const percent = (part: number, all: number) => `${(100 * part / Math.max(all, 1)).toFixed(2)} %`;
  console.log(
    `${name}: ${samples} samples; ${percent(agreed, frames)} of ${frames} frames agree; ` +
      `${same} the same, ${longer} where perf ends earlier, ${shorter} where we do, ${differ} differ`,
  );
  const truncated = /truncated .*/.exec(err)?.[0];
  console.log(`  ${truncated ?? "none of ours truncated"}${/dropped.*/.exec(err)?.[0] ?? ""}`);
  if (process.env.EXAMPLES) console.log(examples.join("\n"));
}

const args = process.argv.slice(2);
const at = args.indexOf("--seconds");
const seconds = at < 0 ? 30 : Number(args.splice(at, 2)[1]);
for (const name of args.length > 0 ? args : Object.keys(WORKLOADS)) {
  if (!WORKLOADS[name]) {
    throw new Error(`There is no ${name}: ${Object.keys(WORKLOADS).join(", ")}`);
  }
  await compare(name, seconds);
}
