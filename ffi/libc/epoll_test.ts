import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../tests/support/process.ts";
import { scriptCommand } from "../../tests/support/runtime.ts";
import { Folder } from "../../tests/support/workload.ts";
import { alloc, copyOf } from "./memory.ts";
import { close, O_RDONLY, open } from "./files.ts";
import { libc } from "./libc.ts";
import { runtime } from "../runtime/runtime.ts";
import { HANGUP, READABLE, whenReady, WRITABLE } from "./epoll.ts";

// How often the wait on the other thread returned; this process makes one waiter.
let wakeUps = 0;
const makeWaiter = runtime.waiter;
runtime.waiter = (epollFd) => {
  const waiter = makeWaiter(epollFd);
  return {
    wait: () => waiter.wait().finally(() => wakeUps++),
    keepAlive: (yes) => waiter.keepAlive(yes),
  };
};

/** An eventfd: readable once it was told so, until somebody reads it. */
class Event implements Disposable {
  readonly fd: number = libc().eventfd(0, 0);

  signal(): void {
    assert.equal(libc().write(this.fd, copyOf(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)), 8n), 8n);
  }

  read(): void {
    assert.equal(libc().read(this.fd, alloc(8), 8n), 8n);
  }

  [Symbol.dispose](): void {
    close(this.fd);
  }
}

test("whenReady() resolves once the descriptor is ready, also if it was before", async () => {
  using event = new Event();
  const { ready } = whenReady(event.fd);
  event.signal();
  assert.equal(await ready, true);
  assert.equal(await whenReady(event.fd, READABLE).ready, true);
  assert.equal(await whenReady(event.fd, WRITABLE).ready, true);
});

test("whenReady() does not resolve before", async () => {
  using early = new Event();
  using late = new Event();
  const order: string[] = [];
  const second = whenReady(late.fd).ready.then(() => order.push("late"));
  const first = whenReady(early.fd).ready.then(() => order.push("early"));
  early.signal();
  await first;
  assert.deepEqual(order, ["early"]);
  late.signal();
  await second;
  assert.deepEqual(order, ["early", "late"]);
});

test("Wait.cancel() settles with false, once", async () => {
  using event = new Event();
  const wait = whenReady(event.fd);
  wait.cancel();
  wait.cancel();
  assert.equal(await wait.ready, false);
  const again = whenReady(event.fd);
  event.signal();
  assert.equal(await again.ready, true);
  again.cancel();
  wait.cancel();
});

test("whenReady() serves more descriptors at once than one look returns", async () => {
  using stack = new DisposableStack();
  const events = Array.from({ length: 97 }, () => stack.use(new Event()));
  const waits = events.map((event) => whenReady(event.fd));
  for (const event of events.toReversed()) event.signal();
  const results = await Promise.all(waits.map((wait) => wait.ready));
  assert.deepEqual(results, events.map(() => true));
});

test("whenReady() leaves the others waiting when one is cancelled", async () => {
  using kept = new Event();
  using dropped = new Event();
  const wait = whenReady(kept.fd);
  whenReady(dropped.fd).cancel();
  kept.signal();
  assert.equal(await wait.ready, true);
});

test("whenReady() refuses a regular file and what is not open", () => {
  const file = open(fileURLToPath(import.meta.url), O_RDONLY);
  assert.throws(() => whenReady(file), {
    name: "ErrnoError",
    code: "EPERM",
    message: `Cannot wait for file descriptor ${file}: Operation not permitted (EPERM)`,
  });
  close(file);
  assert.throws(() => whenReady(file), { code: "EBADF" });
});

test("whenReady() waits for another file that got the number of one that was ready", async () => {
  const first = libc().eventfd(0, 0);
  const wait = whenReady(first);
  libc().write(first, copyOf(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)), 8n);
  assert.equal(await wait.ready, true);
  close(first);
  using second = new Event();
  assert.equal(second.fd, first);
  using other = new Event();
  const order: string[] = [];
  const pending = whenReady(second.fd).ready.then(() => order.push("second"));
  other.signal();
  await whenReady(other.fd).ready;
  assert.deepEqual(order, []);
  second.signal();
  await pending;
  assert.deepEqual(order, ["second"]);
});

test("whenReady() serves several who wait for one descriptor", async () => {
  using event = new Event();
  const before = readdirSync("/proc/self/fd").length;
  const waits = [READABLE, WRITABLE, HANGUP, READABLE].map((what) => whenReady(event.fd, what));
  assert.equal(await waits[1]!.ready, true);
  event.signal();
  assert.equal(await waits[0]!.ready, true);
  assert.equal(await waits[3]!.ready, true);
  waits[2]!.cancel();
  assert.equal(await waits[2]!.ready, false);
  assert.equal(readdirSync("/proc/self/fd").length, before);
});

test("whenReady() wakes the waiting thread once for each event, and not for others", async () => {
  using loud = new Event();
  using quiet = new Event();
  using watched = new Event();
  loud.signal(); // and nobody waits for it
  const pending = whenReady(quiet.fd);
  const before = wakeUps;
  for (let i = 0; i < 101; i++) {
    const { ready } = whenReady(watched.fd);
    watched.signal();
    assert.equal(await ready, true);
    watched.read();
  }
  const count = wakeUps - before;
  // One wake-up may be left from before, and one may serve two events.
  assert.ok(count >= 90 && count <= 102, `${count} wake-ups for 101 events`);
  pending.cancel();
});

const ENDINGS: Readonly<Record<string, string>> = {
  "an event came": "const wait = whenReady(fd); signal(); await wait.ready; print('done');",
  "the wait was cancelled": "whenReady(fd).cancel(); print('done');",
  "it was cancelled later":
    "const wait = whenReady(fd); setTimeout(() => { wait.cancel(); print('done'); }, 1);",
};

for (const [what, text] of Object.entries(ENDINGS)) {
  test(`a process ends by itself once ${what}`, async () => {
    using folder = new Folder();
    const script = join(folder.path, "script.ts");
    const modules = ["epoll.ts", "libc.ts"].map((name) => new URL(name, import.meta.url).href);
    writeFileSync(
      script,
      `import { whenReady } from ${JSON.stringify(modules[0])};
      import { libc } from ${JSON.stringify(modules[1])};
      const fd = libc().eventfd(0, 0);
      const signal = () => libc().write(fd, new Uint8Array(8).fill(1), 8n);
      const print = console.log;
      ${text}\n`,
    );
    const { status, signal, stdout, stderr } = await run(scriptCommand(script));
    assert.deepEqual([status, signal, stdout], [0, null, "done\n"], stderr);
  });
}

test("a pending wait keeps its process alive", async () => {
  using folder = new Folder();
  const script = join(folder.path, "script.ts");
  const module = new URL("epoll.ts", import.meta.url).href;
  writeFileSync(
    script,
    `import { whenReady } from ${JSON.stringify(module)};
    whenReady(0).ready.then(() => console.log("standard input is ready"));\n`,
  );
  const { status, stdout } = await run(scriptCommand(script));
  assert.deepEqual([status, stdout], [0, "standard input is ready\n"]);
});

// What must wake the thread while it blocks and nothing comes from the descriptor that it waits
// for.
const WAKES: Readonly<Record<string, string>> = {
  "a timer": "setTimeout(done, 5);",
  "an interval":
    "let left = 3; const timer = setInterval(() => { if (--left === 0) { clearInterval(timer); done(); } }, 2);",
  "a timer set by a timer": "setTimeout(() => setTimeout(done, 2), 2);",
  "a timer of no time": "setTimeout(done, 0);",
  "the next turn of the loop": "setImmediate(() => setImmediate(done));",
  "turns that a promise waits for":
    "(async () => { for (let i = 0; i < 9; i++) await new Promise((next) => setImmediate(next)); done(); })();",
  "a promise of no turn": "setImmediate(() => Promise.resolve().then(() => setImmediate(done)));",
  "a signal": "process.once('SIGTERM', done); process.kill(process.pid, 'SIGTERM');",
  "a signal from outside":
    "process.once('SIGHUP', done); spawn('/bin/sh', ['-c', `kill -HUP ${process.pid}`]);",
  "the end of a child": "spawn('/bin/true').on('exit', done);",
  "what a child writes": "spawn('/bin/echo', ['word']).stdout.once('data', done);",
  "what another thread has done": "stat('/', done);",
  "a module that is not loaded yet": "import('./late.ts').then(done);",
  "the thousandth turn":
    "let left = 1000; const next = () => left-- > 0 ? setImmediate(next) : done(); next();",
};

test("waitOnThisThread() lets through all that wakes the event loop", async () => {
  using folder = new Folder();
  const script = join(folder.path, "script.ts");
  const modules = ["epoll.ts", "timers.ts", "../runtime/runtime.ts"]
    .map((name) => JSON.stringify(new URL(name, import.meta.url).href));
  writeFileSync(join(folder.path, "late.ts"), "export const late = true;\n");
  const parts = Object.entries(WAKES).map(([what, text]) =>
    `await new Promise((done) => { ${text} });\nconsole.log(${JSON.stringify(what)});`
  );
  writeFileSync(
    script,
    `import { spawn } from "node:child_process";
    import { stat } from "node:fs";
    import { waitOnThisThread, whenReady } from ${modules[0]};
    import { setMostMs } from ${modules[1]};
    import { runtime } from ${modules[2]};
    // Without a time limit: it would hide a wake-up that is missed.
    setMostMs(-1);
    const { waiter } = runtime;
    let waiters = 0;
    runtime.waiter = (fd) => { waiters++; return waiter(fd); };
    await waitOnThisThread();
    const wait = whenReady(0);
    ${parts.join("\n")}
    console.log(waiters === (runtime.hasWatchableLoop ? 0 : 1));
    wait.cancel();\n`,
  );
  const [program, ...args] = scriptCommand(script);
  // Standard input stays open and empty until the script has ended.
  const child = spawn(program!, args, { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => said += piece);
  const [status] = await once(child, "close");
  assert.deepEqual([status, said.trimEnd().split("\n")], [0, [...Object.keys(WAKES), "true"]]);
});

test("waitOnThisThread() waits for descriptors, and lets its process end", async () => {
  using folder = new Folder();
  const script = join(folder.path, "script.ts");
  const modules = ["epoll.ts", "libc.ts"]
    .map((name) => JSON.stringify(new URL(name, import.meta.url).href));
  writeFileSync(
    script,
    `import { waitOnThisThread, whenReady } from ${modules[0]};
    import { libc } from ${modules[1]};
    await waitOnThisThread();
    const fd = libc().eventfd(0, 0);
    setTimeout(() => libc().write(fd, new Uint8Array(8).fill(1), 8n), 2);
    console.log(await whenReady(fd).ready);\n`,
  );
  const { status, stdout } = await run(scriptCommand(script));
  assert.deepEqual([status, stdout], [0, "true\n"]);
});
