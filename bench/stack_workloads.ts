/**
 * Programs whose stacks are compared: each keeps a CPU busy until it is ended.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A running program: the process to trace, and a function that ends all its processes. */
export interface Workload {
  readonly pid: number;
  end(): void;
}

/** Waits. */
export const sleep = (ms: number): Promise<unknown> =>
  new Promise((resolve) => setTimeout(resolve, ms));

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
  // Chromium keeps a spare renderer for the next page, which does nothing: the page's is the busy one.
  for (let i = 0; i < 120; i++) {
    await sleep(500);
    const busy = renderersOf(browser.pid).find((pid) => cpuSeconds(pid) > 3);
    if (busy !== undefined) return { pid: busy, end: browser.end };
  }
  browser.end();
  throw new Error("No renderer of chromium has used 3 s of CPU time within a minute");
}

/** The processes of a browser that lay out and draw pages. */
function renderersOf(browser: number): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=renderer") &&
        isBelow(pid, browser);
    } catch {
      return false; // ended meanwhile
    }
  });
}

/** The CPU time that a process has used, in seconds; 0 once it has ended. */
function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // A name may hold any characters, so fields are counted from its end; times are in 1/100 s.
    const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  } catch {
    return 0;
  }
}

function isBelow(pid: number, above: number): boolean {
  for (let at = pid; at > 1;) {
    if (at === above) return true;
    at = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${at}/status`, "utf8"))?.[1] ?? 0);
  }
  return false;
}

/** All workloads by name. */
export const WORKLOADS: Readonly<Record<string, (folder: string) => Workload | Promise<Workload>>> =
  {
    python: () => started(["/usr/bin/python3.11", "-c", PYTHON]),
    node: () => started(["/usr/bin/node", "-e", NODE]),
    postgres,
    openssl: () =>
      started(["openssl", "speed", "-seconds", "600", "rsa2048", "ecdsap256", "sha256"]),
    ruby: () => started(["/usr/bin/ruby", "--disable=gems", "-e", RUBY]),
    chromium,
  };
