/**
 * What opensnoop must do, told as a user sees it; run against the tool under each runtime and
 * against the compiled executable.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { type Result, Running, untilSeen } from "./process.ts";
import { requires } from "./requires.ts";
import { Folder, Workload } from "./workload.ts";

/** One record of `--json`. */
interface Row {
  pid: number;
  tid?: number;
  uid?: number;
  comm: string;
  fd: number;
  err: number;
  flags?: number;
  mode?: number | null;
  path: string;
  path_hex?: string;
  time_s?: number;
  record?: string;
  total?: number;
}

const ENOENT = 2;
const EFAULT = 14;
const END = "end-of-workload";

/** Starts the tool and waits until its probes are in place. */
async function start(tool: readonly string[], ...args: string[]): Promise<Running> {
  const running = Running.start([...tool, ...args], { env: { TSBCC_READY: "1" } });
  try {
    await running.find("stderr", /^ready$/m);
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
  return running;
}

/**
 * Runs the steps under the tool and returns what it printed. A last open of a path of its own shows
 * that everything before it has been printed; the tool must let it through its filters.
 */
async function record(
  tool: readonly string[],
  args: (workload: Workload) => string[],
  steps: (folder: string) => string[],
): Promise<{ result: Result; folder: string; pid: number }> {
  using folder = new Folder();
  await using workload = await Workload.start(...steps(folder.path));
  await using running = await start(tool, ...args(workload));
  await workload.go();
  running.kill("SIGINT");
  const result = await running.result;
  assert.equal(result.status, 0, result.stderr);
  return { result, folder: folder.path, pid: workload.pid };
}

function rowsOf({ stdout }: Result, folder: string): Row[] {
  const rows = stdout.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line) as Row);
  return rows.filter(({ path }) => path?.startsWith(folder));
}

const paths = (rows: Row[]) => rows.map(({ path }) => path);
const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** Adds the tests; `tool` is the command that starts opensnoop, `label` names it. */
export function testOpensnoop(label: string, tool: readonly string[]): void {
  const json = (...args: string[]) => () => ["--json", ...args];
  const it = (name: string, body: () => Promise<void>) => test(`${label} ${name}`, body);
  /** For what asks no kernel: every start of a runtime takes seconds under emulation. */
  const itOutsideGuests = (name: string, body: () => Promise<void>) => {
    const full = `${label} ${name}`;
    test(full, { skip: requires(full, "speed") }, body);
  };

  it("reports 97 files and 13 that do not exist, exactly and in order", async () => {
    const { result, folder, pid } = await record(
      tool,
      json(),
      (at) => ["comm=snooped", `create=${at}/file:97`, `missing=${at}/gone:13`],
    );
    const rows = rowsOf(result, folder);
    const fd = rows[0]!.fd;
    assert.ok(fd > 2);
    assert.deepEqual(rows, [
      ...numbered(`${folder}/file`, 97).map((path) => ({ pid, comm: "snooped", fd, err: 0, path })),
      ...numbered(`${folder}/gone`, 13).map((path) => ({
        pid,
        comm: "snooped",
        fd: -1,
        err: ENOENT,
        path,
      })),
    ]);
  });

  it("prints bcc's table", async () => {
    const { result, folder, pid } = await record(
      tool,
      ({ pid }) => ["-p", String(pid)],
      (at) => ["comm=snooped", `create=${at}/file:1`, `missing=${at}/gone:1`],
    );
    const lines = result.stdout.split("\n");
    assert.equal(lines[0], "PID     COMM               FD ERR PATH");
    const pidText = String(pid).padEnd(7);
    assert.deepEqual(lines.slice(1, 3), [
      `${pidText} snooped             3   0 ${folder}/file0`,
      `${pidText} snooped            -1   2 ${folder}/gone0`,
    ]);
  });

  it("-T -U -e add their columns", async () => {
    const { result, folder, pid } = await record(
      tool,
      ({ pid }) => ["-TUe", "-p", String(pid)],
      (at) => [`create=${at}/file:1`, `missing=${at}/gone:1`],
    );
    const lines = result.stdout.split("\n");
    assert.equal(
      lines[0],
      "TIME(s)       UID   PID     COMM               FD ERR FLAGS    MODE PATH",
    );
    assert.match(
      lines[1]!,
      new RegExp(`^0\\.000000000   0     ${pid} +workload +3   0 00001101 0640 ${folder}/file0$`),
    );
    assert.match(
      lines[2]!,
      new RegExp(`^0\\.\\d{9}   0     ${pid} +workload +-1   2 00000000 n/a  ${folder}/gone0$`),
    );
  });

  it("--json has the keys of the columns", async () => {
    const { result, folder, pid } = await record(
      tool,
      json("-T", "-U", "-e"),
      (at) => [`create=${at}/file:1`, `missing=${at}/gone:1`],
    );
    const [first, second] = rowsOf(result, folder);
    const { time_s, ...rest } = first!;
    assert.equal(typeof time_s, "number");
    assert.deepEqual(rest, {
      uid: 0,
      pid,
      comm: "workload",
      fd: 3,
      err: 0,
      flags: 0o1101,
      mode: 0o640,
      path: `${folder}/file0`,
    });
    assert.equal(second!.mode, null);
    assert.ok(second!.time_s! > time_s!);
  });

  it("does not report itself", async () => {
    await using running = await start(tool, "--json");
    running.kill("SIGINT");
    const { stdout } = await running.result;
    assert.ok(!stdout.includes(`"pid":${running.pid},`), stdout);
  });

  it("-x shows failed opens only", async () => {
    const { result, folder } = await record(
      tool,
      json("-x"),
      (at) => [`create=${at}/file:11`, `missing=${at}/gone:7`],
    );
    assert.deepEqual(paths(rowsOf(result, folder)), numbered(`${folder}/gone`, 7));
  });

  it("-p shows one process and hides others", async () => {
    using folder = new Folder();
    await using wanted = await Workload.start(`create=${folder.path}/wanted:11`);
    await using other = await Workload.start(`create=${folder.path}/other:7`);
    await using running = await start(tool, "--json", "-p", String(wanted.pid));
    await other.go();
    await wanted.go();
    running.kill("SIGINT");
    const rows = rowsOf(await running.result, folder.path);
    assert.deepEqual(paths(rows), numbered(`${folder.path}/wanted`, 11));
  });

  it("-t shows one thread and hides the others", async () => {
    using folder = new Folder();
    const steps = [`create=${folder.path}/main:7`, `thread=${folder.path}/thread:11`];
    await using workload = await Workload.start(...steps);
    const tid = await workload.goToThread();
    await using running = await start(tool, "--json", "-t", String(tid));
    await workload.go();
    running.kill("SIGINT");
    const rows = rowsOf(await running.result, folder.path);
    assert.deepEqual(
      rows,
      numbered(`${folder.path}/thread`, 11).map((path) => ({
        tid,
        comm: "workload",
        fd: -1,
        err: ENOENT,
        path,
      })),
    );
  });

  it("-u shows one user and hides others", async () => {
    const { result, folder } = await record(
      tool,
      json("-U", "-u", "64321"),
      (at) => [`create=${at}/root:7`, "uid=64321", `missing=${at}/user:11`],
    );
    const rows = rowsOf(result, folder);
    assert.deepEqual(paths(rows), numbered(`${folder}/user`, 11));
    assert.ok(rows.every(({ uid }) => uid === 64321));
  });

  it("-n shows names that contain the text and hides others", async () => {
    const { result, folder } = await record(tool, json("-n", "eedl"), (at) => [
      "comm=a-needle-in-hay",
      `create=${at}/inside:5`,
      "comm=needle",
      `create=${at}/start:5`,
      "comm=eed",
      `create=${at}/part:5`,
      "comm=hay",
      `create=${at}/hay:5`,
      "comm=hay-and-a-needl",
      `create=${at}/tail:5`,
    ]);
    assert.deepEqual(
      paths(rowsOf(result, folder)),
      ["inside", "start", "tail"].flatMap((name) => numbered(`${folder}/${name}`, 5)),
    );
  });

  it("-f shows opens with any of the flags and hides others", async () => {
    const steps = (at: string) => [
      `create=${at}/written:3`,
      `missing=${at}/read:3`,
      `open=${at}/written0`,
      `openat2=${at}/written1`,
    ];
    const cases: [string[], (at: string) => string[]][] = [
      [["O_WRONLY"], (at) => [...numbered(`${at}/written`, 3), `${at}/written1`]],
      [["O_RDWR"], (at) => [`${at}/written0`]],
      [["O_RDONLY"], (at) => numbered(`${at}/read`, 3)],
      [["O_CREAT"], (at) => numbered(`${at}/written`, 3)],
      [["O_APPEND", "O_RDWR"], (at) => [`${at}/written0`, `${at}/written1`]],
      [["O_EXCL"], () => []],
    ];
    for (const [flags, expected] of cases) {
      const args = flags.flatMap((flag) => ["-f", flag]);
      const { result, folder } = await record(tool, json(...args), steps);
      assert.deepEqual(paths(rowsOf(result, folder)), expected(folder), flags.join());
    }
  });

  it("sees open, openat and openat2, with their flags", async () => {
    const { result, folder } = await record(tool, json("-e"), (at) => [
      `create=${at}/file:1`,
      `open=${at}/file0`,
      `openat2=${at}/file0`,
      `at=${at}:file0`,
    ]);
    const rows = rowsOf(result, folder).map(({ flags, mode, fd }) => [flags, mode, fd]);
    assert.deepEqual(rows, [
      [0o1101, 0o640, 3],
      [0o2, null, 3],
      [0o2001, null, 3],
      [0o10200000, null, 3], // the directory, O_PATH | O_DIRECTORY
    ]);
    const relative = result.stdout.split("\n").filter((line) => line.includes('"path":"file0"'));
    assert.equal(relative.length, 1);
  });

  it("-F shows full paths, from the working directory and from a descriptor", async () => {
    const deep = "a/b/../b/c";
    using outer = new Folder();
    mkdirSync(`${outer.path}/a/b/c`, { recursive: true });
    const { result } = await record(tool, json("-F"), () => [
      `cd=${outer.path}/${deep}`,
      "missing=here:1",
      `missing=${outer.path}/absolute:1`,
      `at=${outer.path}/a:b/nothing`,
      "cd=/",
      `missing=root-${END}:1`,
    ]);
    const rows = result.stdout.trim().split("\n").map((line) => JSON.parse(line) as Row);
    const mine = paths(rows).filter((path) => path.startsWith(outer.path) || path.includes(END));
    assert.deepEqual(mine, [
      `${outer.path}/a/b/c/here0`,
      `${outer.path}/absolute0`,
      `${outer.path}/a`,
      `${outer.path}/a/b/nothing`,
      `/root-${END}0`,
    ]);
  });

  it("-F starts at the root that the process sees", async () => {
    using root = new Folder();
    mkdirSync(`${root.path}/inside`);
    const { result } = await record(
      tool,
      ({ pid }) => ["--json", "-F", "-p", String(pid)],
      () => [`chroot=${root.path}`, "missing=at-root:1", "cd=/inside", "missing=here:1"],
    );
    const rows = result.stdout.trim().split("\n").map((line) => JSON.parse(line) as Row);
    assert.deepEqual(paths(rows), ["/at-root0", "/inside/here0"]);
  });

  it("-F follows mounts up to the root", async () => {
    using folder = new Folder();
    const mount = spawnSync("mount", ["-t", "tmpfs", "none", folder.path]);
    assert.equal(mount.status, 0, String(mount.stderr));
    try {
      mkdirSync(`${folder.path}/inside`);
      const { result } = await record(
        tool,
        json("-F", "-x"),
        () => [`cd=${folder.path}/inside`, "missing=here:1"],
      );
      assert.deepEqual(paths(rowsOf(result, folder.path)), [`${folder.path}/inside/here0`]);
    } finally {
      spawnSync("umount", [folder.path]);
    }
  });

  it("reads a path whose page is not resident, at exit", async () => {
    using folder = new Folder();
    const hidden = `${folder.path}/cold-path`;
    writeFileSync(`${folder.path}/page`, hidden + "\0");
    const { result } = await record(tool, json(), () => [`cold=${folder.path}/page`]);
    assert.deepEqual(paths(rowsOf(result, folder.path)), [`${folder.path}/page`, hidden]);
  });

  it("shows long paths whole and marks those that are cut", async () => {
    const ENAMETOOLONG = 36; // the longest path has 4,095 bytes
    const lengths = [255, 256, 257, 4095, 4096, 5000];
    const long = (length: number) => "/".repeat(length - "nothing0".length) + "nothing";
    const { result } = await record(
      tool,
      ({ pid }) => ["--json", "-p", String(pid)],
      () => lengths.map((length) => `missing=${long(length)}:1`),
    );
    const rows = result.stdout.trim().split("\n").map((line) => JSON.parse(line) as Row);
    assert.deepEqual(
      rows.map(({ path, err }) => [path, err]),
      lengths.map((length) => {
        const path = `${long(length)}0`;
        return length < 4096 ? [path, ENOENT] : [path.slice(0, 4096) + "...", ENAMETOOLONG];
      }),
    );
  });

  it("shows an unreadable path as empty, with its error", async () => {
    const { result } = await record(
      tool,
      ({ pid }) => ["--json", "-p", String(pid)],
      () => ["null"],
    );
    const rows = result.stdout.trim().split("\n").map((line) => JSON.parse(line) as Row);
    assert.deepEqual(rows.map(({ err, path }) => [err, path]), [[EFAULT, ""]]);
  });

  it("keeps hostile names from terminal and JSON, and bytes legible", async () => {
    const name = 'a\x1b[31m\nb\x9bc\u202e\tq"\\';
    const steps = (at: string) => [
      "comm=\x1b]0;x\x07",
      `missing=${at}/${name}:1`,
    ];
    const table = await record(tool, ({ pid }) => ["-p", String(pid)], steps);
    const line = table.result.stdout.split("\n")[1]!;
    assert.ok(line.endsWith(`${table.folder}/a\\x1b[31m\\nb\\u{9b}c\\u{202e}\\tq"\\0`), line);
    assert.match(line, / \\x1b\]0;x\\x07 /);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(table.result.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);

    const asJson = await record(tool, json(), steps);
    const rows = rowsOf(asJson.result, asJson.folder);
    assert.deepEqual(paths(rows), [`${asJson.folder}/${name}0`]);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(asJson.result.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  });

  it("keeps bytes that are not UTF-8", async () => {
    using folder = new Folder();
    const hidden = new Uint8Array([...new TextEncoder().encode(`${folder.path}/x`), 0xff, 0xc3, 0]);
    writeFileSync(`${folder.path}/page`, hidden);
    const { result } = await record(tool, json(), () => [`cold=${folder.path}/page`]);
    const row = rowsOf(result, folder.path)[1]!;
    assert.equal(row.path, `${folder.path}/x\\xff\\xc3`);
    assert.equal(row.path_hex, hidden.subarray(0, -1).toHex());
  });

  it("--exec traces one command from its first instruction", async () => {
    using folder = new Folder();
    const path = `${folder.path}/nothing`;
    const { stdout, status } = await runTool("--json", "--exec", "/bin/cat", "-u", path);
    assert.equal(status, 0);
    const rows = stdout.trim().split("\n").map((line) => JSON.parse(line) as Row);
    assert.ok(paths(rows).some((found) => found.endsWith("/libc.so.6")), "its libraries");
    assert.deepEqual(rows.filter((row) => row.path === path).map(({ err }) => err), [ENOENT]);
    assert.deepEqual([...new Set(rows.map(({ comm }) => comm))], ["cat"]);
    assert.equal(new Set(rows.map(({ pid }) => pid)).size, 1);
  });

  it("--exec of a command that does not exist fails in one sentence", async () => {
    const { stderr, status } = await runTool("--exec", "/nonexistent/command");
    assert.equal(status, 1);
    assert.match(stderr, /opensnoop: Cannot run "\/nonexistent\/command"/);
  });

  it("--cgroupmap and --mntnsmap filter by pinned maps", async () => {
    using folder = new Folder();
    const mntns = statSync("/proc/self/ns/mnt").ino;
    const cgroup = statSync(await unifiedCgroup()).ino;
    const pins = [["mntnsmap", "4", mntns], ["cgroupmap", "8", cgroup]] as const;
    for (const [option, valueSize, id] of pins) {
      const pin = `/sys/fs/bpf/ts-bcc-test-${process.pid}-${option}`;
      bpftool(
        "map",
        "create",
        pin,
        "type",
        "hash",
        "key",
        "8",
        "value",
        valueSize,
        "entries",
        "4",
        "name",
        "set",
      );
      try {
        const steps = (at: string) => [`create=${at}/file:5`];
        const none = await record(tool, json(`--${option}`, pin), steps);
        assert.deepEqual(paths(rowsOf(none.result, none.folder)), []);
        const key = [...new Uint8Array(new BigUint64Array([BigInt(id)]).buffer)].map(String);
        const value = Array.from({ length: Number(valueSize) }, () => "0");
        bpftool("map", "update", "pinned", pin, "key", ...key, "value", ...value);
        const all = await record(tool, json(`--${option}`, pin), steps);
        assert.deepEqual(paths(rowsOf(all.result, all.folder)), numbered(`${all.folder}/file`, 5));
      } finally {
        spawnSync("rm", [pin]);
      }
    }
    const missing = await runTool("--mntnsmap", `${folder.path}/nothing`);
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /^opensnoop: Cannot use the map pinned at ".*": [^\n]+\n$/);
  });

  it("ends by itself after -d seconds", async () => {
    const { status, stderr } = await runTool("-d", "0.3");
    assert.deepEqual([status, stderr], [0, ""]);
  });

  it("ends cleanly on SIGTERM and SIGHUP", async () => {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      await using running = await start(tool);
      running.kill(signal);
      const { status, stderr } = await running.result;
      assert.deepEqual([status, stderr], [0, "ready\n"], signal);
    }
  });

  it("ends with status 0 when its reader goes away, events or not", async () => {
    await using running = await start(tool, "-n", "no-such-name");
    running.closeOutput();
    const { status, stderr } = await running.result;
    assert.deepEqual([status, stderr], [0, "ready\n"]);
  });

  it("reports a burst completely, or says exactly how many are missing", async () => {
    const count = 100_003;
    const { result } = await record(
      tool,
      ({ pid }) => ["--json", "-b", "64", "-p", String(pid)],
      () => [`burst=/dev/null:${count}`],
    );
    let seen = 0;
    let lost = 0;
    for (const line of result.stdout.trim().split("\n")) {
      const row = JSON.parse(line) as Row;
      if (row.record === "lost") lost = row.total!;
      else seen++;
    }
    assert.equal(seen + lost, count);
    if (lost > 0) assert.match(result.stderr, new RegExp(`lost ${lost} events in all`));
  });

  itOutsideGuests("refuses bad usage with status 2 and one sentence", async () => {
    const cases: [string[], RegExp][] = [
      [["--nothing"], /unknown option --nothing/],
      [["-Z"], /unknown option -Z/],
      [["-p", "abc"], /invalid value "abc" for -p\/--pid: expected a process id, a whole number/],
      [["-p", "0"], /invalid value "0" for -p\/--pid/],
      [["-p"], /-p\/--pid needs a value: PID/],
      [["-d", "-1"], /invalid value "-1" for -d\/--duration/],
      [["-f", "O_NOTHING"], /invalid value "O_NOTHING" for -f\/--flag_filter/],
      [["-b", "3"], /invalid value "3" for -b\/--buffer-pages: expected a power of two/],
      [["-n", "sixteen-bytes-xx"], /no process name can contain "sixteen-bytes-xx"/],
      [["-p", "1", "--exec", "true"], /use either -p\/--pid or --exec/],
      [["--exec"], /--exec needs COMMAND…/],
      [["surplus"], /unexpected argument "surplus"/],
    ];
    for (const [args, pattern] of cases) {
      const { status, stdout, stderr } = await runTool(...args);
      assert.deepEqual([status, stdout], [2, ""], args.join(" "));
      assert.match(stderr, pattern);
      assert.match(stderr, /^opensnoop: [^\n]+\nTry 'opensnoop --help' for more information\.\n$/);
    }
  });

  itOutsideGuests("-h names every option of bcc's tool", async () => {
    const { status, stdout } = await runTool("-h");
    assert.equal(status, 0);
    const options = "-T -U -x -p -t -u -d -n -e -f -F -b --timestamp --print-uid --failed --pid " +
      "--tid --cgroupmap --mntnsmap --uid --duration --name --extended_fields --flag_filter " +
      "--full-path --buffer-pages --exec --json --help";
    for (const option of options.split(" ")) {
      assert.match(stdout, new RegExp(`(^| )${option}[ ,]`, "m"), option);
    }
    assert.ok(stdout.split("\n").every((line) => line.length <= 100));
  });

  it("fails in one sentence without root, BTF, tracefs or its library", async () => {
    const cases: [string[], RegExp][] = [
      [
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
        /Operation not permitted \(EPERM\): run it as root \(sudo\), or give it the capabilities/,
      ],
      [
        hiding("mount --bind /mnt /sys/kernel/btf"),
        /this kernel has no BTF \(\/sys\/kernel\/btf\/vmlinux is missing\)/,
      ],
      [
        hiding(
          "while umount /sys/kernel/tracing; do :; done 2>/dev/null",
          "umount /sys/kernel/debug 2>/dev/null || :",
        ),
        /tracefs is not mounted: mount it with: mount -t tracefs nodev \/sys\/kernel\/tracing/,
      ],
      [
        ["env", "TSBCC_LIBBPF=/nonexistent/libbpf.so"],
        /Cannot open libbpf\.so\.1 from "\/nonexistent\/libbpf\.so": .*: install libbpf 1\.0/,
      ],
    ];
    for (const [prefix, pattern] of cases) {
      const running = Running.start([...prefix, ...tool, "-d", "1"]);
      const { status, stdout, stderr } = await running.result;
      assert.match(stderr, pattern);
      assert.match(stderr, /^opensnoop: [^\n]+\n$/);
      assert.deepEqual([status, stdout], [1, ""]);
    }
  });

  // Without open(2), which theirs leaves out when tracefs is not also mounted below debugfs.
  it("agrees line by line with libbpf-tools' opensnoop", async () => {
    using folder = new Folder();
    symlinkSync("nothing", `${folder.path}/dangling`);
    const steps = [
      "comm=compared",
      `create=${folder.path}/file:97`,
      `missing=${folder.path}/gone:13`,
      `at=${folder.path}:file5`,
      `at=${folder.path}:dangling`,
    ];
    await using workload = await Workload.start(...steps);
    await using ours = await start(tool, "-p", String(workload.pid));
    await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/opensnoop"]);
    await untilSeen(theirs, `${folder.path}/sentinel`);
    await workload.go();
    await theirs.find("stdout", /dangling/);
    ours.kill("SIGINT");
    theirs.kill("SIGINT");
    const normal = ({ stdout }: Result) =>
      stdout.split("\n").map((line) => line.trim().split(/\s+/).join(" "))
        .filter((line) => line.startsWith(`${workload.pid} compared`));
    const expected = normal(await theirs.result);
    assert.deepEqual(normal(await ours.result), expected);
    assert.equal(expected.length, 97 + 13 + 4);
  });

  function runTool(...args: string[]): Promise<Result> {
    return Running.start([...tool, ...args]).result;
  }
}

function hiding(...commands: string[]): string[] {
  return ["unshare", "--mount", "sh", "-c", [...commands, 'exec "$@"'].join("; "), "sh"];
}

function bpftool(...args: string[]): void {
  const { status, stderr, error } = spawnSync("bpftool", args, { encoding: "utf8" });
  assert.equal(status, 0, error?.message ?? stderr);
}

/** The folder of this process in the cgroup v2 hierarchy. */
async function unifiedCgroup(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  const mounts = await readFile("/proc/self/mounts", "utf8");
  const root = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
  const path = /^0::(.*)$/m.exec(await readFile("/proc/self/cgroup", "utf8"))?.[1];
  if (root === undefined || path === undefined) {
    throw new Error("No cgroup v2 hierarchy is mounted");
  }
  return root + path;
}
