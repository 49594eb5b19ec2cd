// Not in guests: the cases test what tools show there; serving does not depend on the kernel.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { get, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { pageOf, Told } from "../support/page_listener.ts";
import { Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const command = process.env.TSBCC_EXECUTABLE
  ? [process.env.TSBCC_EXECUTABLE]
  : scriptCommand(`${PROJECT}cli/ts_bcc.ts`);

test("opensnoop --web --json counts for the page what it prints, and prints as without it", async () => {
  using folder = new Folder();
  await using tool = await startTool("opensnoop", "--web", "--json", "-p", String(process.pid));
  const told = new Told(await pageOf(tool));
  const hello = await told.find<{ tool: string; words: string[]; columns: { key: string }[] }>(
    "hello",
  );
  deepEqual([hello.tool, hello.words], ["opensnoop", ["--json", "-p", String(process.pid)]]);
  deepEqual(hello.columns.map(({ key }) => key), ["pid", "comm", "fd", "err", "path"]);
  const file = join(folder.path, "<b>\u202e\n");
  for (let i = 0; i < 997; i++) closeSync(openSync(file, "w"));
  const rows = rowsOf<{ path: string }>(await stopTool(tool));
  await told.ended;
  equal(rows.filter(({ path }) => path === file).length, 997);
  const messages = told.all<{ total: number; rows: [number, unknown[]][] }>("rows");
  equal(messages.at(-1)!.total, rows.length);
  const shown = messages.flatMap((message) => message.rows);
  // Each shown row is the event with that number, and its path is escaped.
  const safe = (path: string) => path.replace("\u202e", "\\u{202e}").replace("\n", "\\n");
  for (const [number, values] of shown) equal(values[4], safe(rows[number - 1]!.path));
  ok(shown.some(([, values]) => values[4] === safe(file)));
  ok(messages.every(({ rows }) => rows.length <= 50));
  const { losses } = told.all<{ losses: { kind: string; total: number }[] }>("losses").at(-1)!;
  // Missed events are allowed: they may be other processes'.
  deepEqual(losses.filter(({ kind, total }) => kind === "dropped" && total > 0), []);
  equal(told.all("end").length, 1);
});

test("--web shows what else is told at the end alone, and refuses what has no page", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await using tool = await startTool("profile", "--web", "-p", String(process.pid), "-U");
  const told = new Told(await pageOf(tool));
  const [taken, wrong] = await Promise.all([
    runTool("opensnoop", `--web=${port}`),
    runTool("opensnoop", "--web=files:80"),
    told.find("report"),
  ]);
  server.close();
  equal((await stopTool(tool)).stdout, "");
  equal(
    taken.stderr,
    `opensnoop: Cannot serve the page on 127.0.0.1:${port}: EADDRINUSE: another program listens there: ` +
      "choose another port\n",
  );
  match(wrong.stderr, /^opensnoop: invalid value "files:80" for --web: expected a port from 0 to/);
  deepEqual([taken.status, wrong.status], [1, 2]);
});

/** Sends data to a page's server; returns the response's status and text. */
function tell(url: string, what: string, data: unknown): Promise<[status: number, text: string]> {
  const { promise, resolve, reject } = Promise.withResolvers<[number, string]>();
  const { origin } = new URL(url);
  const headers = { "content-type": "application/json", origin };
  const asked = request(
    new URL(what, url),
    { method: "POST", headers, agent: false },
    (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => text += part);
      response.on("end", () => resolve([response.statusCode!, text]));
    },
  );
  asked.on("error", reject);
  asked.end(JSON.stringify(data));
  return promise;
}

/** Whether a process exists and is not a zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean)
    .map(Number);

interface Runs {
  readonly runs: { id: number; state: string; words: string[]; text: string; ended?: string }[];
}

test("ts-bcc web starts tools with what is typed, and none outlives it", async () => {
  await using server = Running.start([...command, "web"]);
  const url = await pageOf(server);
  const told = new Told(url);
  const { tools } = await told.find<{ tools: { name: string }[] }>("tools");
  ok(tools.some(({ name }) => name === "javacalls") && tools.length > 100);
  const start = (tool: string, line: string) => tell(url, "start", { tool, arguments: line });
  const file = join("/tmp", "never; touch x $(id)");
  deepEqual(
    await Promise.all([
      start("opensnoop", `-x -n "a ; b"`),
      start("opensnoop", "--exec true"),
      start("opensnoop", "-p x"),
      start("opensnoop", "--web"),
      start("sh", "-c id"),
      start("opensnoop", "'"),
      tell(url, "start", { tool: 1 }),
      tell(url, "other", {}),
    ]),
    [
      [204, ""],
      [422, "--exec runs another program: that is for a shell, and not for a page\n"],
      [
        422,
        'invalid value "x" for -p/--pid: expected a process id, a whole number from 1 to 4194304\n',
      ],
      [422, "the page is there already: leave --web out\n"],
      [422, 'no tool is called "sh"\n'],
      [422, "the quote ' has no end\n"],
      [400, "the page tells start and stop only\n"],
      [400, "the page tells start and stop only\n"],
    ],
  );
  const isRunning = ({ runs }: Runs) => runs.some(({ state }) => state === "running");
  const { runs: [run] } = await told.find("runs", isRunning);
  deepEqual(run!.words, ["opensnoop", "-x", "-n", "a ; b"]);
  // The tool's own page is reachable through this server.
  const own = new Told(new URL(`run/${run!.id}/`, url).href);
  deepEqual((await own.find<{ words: string[] }>("hello")).words, ["-x", "-n", "a ; b"]);
  // A run that only prints a text has no page of its own.
  deepEqual(await start("opensnoop", "--version"), [204, ""]);
  const hasSaid = ({ runs }: Runs) => runs.some(({ text, state }) => state === "ended" && text);
  const said = await told.find<Runs>("runs", hasSaid);
  match(said.runs.at(-1)!.text, /^opensnoop .*ts-bcc/);
  equal(existsSync(file), false);
  const children = childrenOf(server.pid);
  equal(children.length, 1);
  server.kill("SIGINT");
  const { status, signal } = await server.result;
  deepEqual([status, signal, children.filter(isAlive)], [0, null, []]);
});

test("a tool that was started from the page ends when its server was killed", async () => {
  await using server = Running.start([...command, "web"]);
  const url = await pageOf(server);
  await tell(url, "start", { tool: "opensnoop", arguments: "-x" });
  // Polls the run's page instead of the list of tools, which loads all tools.
  const page = new URL("run/1/events", url);
  const isThere = () =>
    new Promise<boolean>((resolve) =>
      get(page, { agent: false }, (response) => {
        response.destroy();
        resolve(response.statusCode === 200);
      }).on("error", () => resolve(false))
    );
  while (!await isThere()) await new Promise((resolve) => setTimeout(resolve, 50));
  const [child] = childrenOf(server.pid);
  equal(isAlive(child!), true);
  server.kill("SIGKILL");
  while (isAlive(child!)) await new Promise((resolve) => setTimeout(resolve, 20));
});

test("ts-bcc web says in one sentence what it cannot do", async () => {
  const { stderr, status } = await Running.start([...command, "web", "x"]).result;
  match(
    stderr,
    /^ts-bcc: expected a port from 0 to 65535, perhaps behind an address: [^\n]*\nTry /,
  );
  equal(status, 2);
});
