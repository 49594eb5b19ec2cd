// Not in guests: a minute of load for every tool at once takes ten under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { Disk } from "../support/disk.ts";
import { startableTools } from "../support/every_tool.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { READY, rowsOf, stopTool } from "../support/tool.ts";
import { TcpWorkload } from "../support/tcp.ts";
import { Folder, Workload } from "../support/workload.ts";

const EXECUTABLE = `${PROJECT}dist/ts-bcc`;
const DURATION_MS = 60_000;
/** The number of each kind of event in a round of the workload. */
const [CREATED, MISSING, PROGRAMS, SIGNALS, CONNECTIONS, BLOCKS] = [97, 13, 53, 31, 11, 101];

/** Any record of any tool. */
interface Row {
  record?: string;
  pid?: number;
  ppid?: number;
  comm?: string;
  pcomm?: string;
  path?: string;
  disk?: string;
}

/** The pids of the workload's processes, by what they did. */
class Made {
  rounds = 0;
  readonly scripts = new Set<number>();
  readonly clients = new Set<number>();
  readonly servers = new Set<number>();
  readonly writers = new Set<number>();

  async round(folder: string, disk: Disk): Promise<void> {
    const steps = [`create=${folder}/file:${CREATED}`, `missing=${folder}/gone:${MISSING}`];
    await using files = await Workload.start(...steps);
    await using script = await Script.start(
      `for i in {1..${PROGRAMS}}; do /bin/true $i; done; for i in {1..${SIGNALS}}; do kill -0 $$; done`,
    );
    await using network = await TcpWorkload.start(`exchange=4:${CONNECTIONS}:100:100:client`);
    this.scripts.add(script.pid);
    this.clients.add(network.client);
    this.servers.add(network.server);
    const [writer] = await Promise.all([
      disk.write(BLOCKS),
      files.go(),
      script.go(),
      network.go(),
    ]);
    this.writers.add(writer);
    this.rounds++;
  }
}

/**
 * For each tool: which of its rows belong to the workload, and how many there must be in a round.
 */
function counted(
  made: Made,
  folder: string,
  disk: Disk,
): Record<string, [(row: Row) => boolean, number]> {
  const by = (pids: ReadonlySet<number>) => ({ pid }: Row) => pids.has(pid ?? -1);
  const isProgram = (name: string | undefined, { ppid }: Row) =>
    name === "true" && made.scripts.has(ppid ?? -1);
  const ends = new Set([...made.clients, ...made.servers]);
  return {
    opensnoop: [({ path }) => path?.startsWith(folder) === true, CREATED + MISSING],
    execsnoop: [(row) => isProgram(row.comm, row), PROGRAMS],
    exitsnoop: [(row) => isProgram(row.pcomm, row), PROGRAMS],
    killsnoop: [by(made.scripts), SIGNALS],
    tcpconnect: [by(made.clients), CONNECTIONS],
    tcpaccept: [by(made.servers), CONNECTIONS],
    tcplife: [by(ends), 2 * CONNECTIONS],
    // Without reads of dd's own executable, which is on another disk.
    biosnoop: [(row) => by(made.writers)(row) && row.disk === disk.name, BLOCKS],
  };
}

/** Lines that tell losses: a tool that sees the work of all others may lose some, but must say so. */
const LOSSES = /^ready\n(?:\S+: .* (?:so far|in all): .*\n)*$/;

const NAME = "all tools at once, for a minute under load, lose nothing of a known workload";
test(NAME, { skip: requires(NAME, "full") }, async () => {
  using folder = new Folder();
  using disk = new Disk();
  await using stack = new AsyncDisposableStack();
  const running = new Map<string, Running>();
  for (const { tool: { name }, args } of startableTools) {
    const command = [EXECUTABLE, name, "--json", ...args];
    running.set(name, stack.use(Running.start(command, READY)));
  }
  await Promise.all([...running.values()].map((tool) => tool.find("stderr", /^ready$/m)));
  for (let cpu = 0; cpu < 2; cpu++) stack.use(Running.start(["sh", "-c", "while :; do :; done"]));

  const made = new Made();
  for (const end = performance.now() + DURATION_MS; performance.now() < end;) {
    await made.round(folder.path, disk);
  }
  // The kernel wakes a writer before block_rq_complete: after one more request, all others are
  // complete.
  await disk.write(1);
  const results = await Promise.all(
    [...running].map(async ([name, tool]) => [name, await stopTool(tool)] as const),
  );

  const expected = counted(made, folder.path, disk);
  for (const [name, result] of results) {
    if (!(name in expected)) {
      assert.match(result.stderr, LOSSES, name);
      continue;
    }
    assert.equal(result.stderr, "ready\n", name);
    const rows = rowsOf<Row>(result);
    const [isOurs, each] = expected[name]!;
    assert.equal(rows.filter(isOurs).length, each * made.rounds, name);
  }
  assert.deepEqual(Object.keys(expected).filter((name) => !running.has(name)), []);
  console.log(`${made.rounds} rounds, ${running.size} tools`);
});
