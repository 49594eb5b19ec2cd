import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Bpf, BpfError, type UsdtProbe, usdtProbes } from "../../mod.ts";
import { buildObject, buildProgram } from "../support/build.ts";
import { held } from "../support/leftovers.ts";
import { Running } from "../support/process.ts";
import { buildUsdt, KINDS, UsdtProcess } from "../support/usdt.ts";

const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];

const load = () =>
  Bpf.load(buildObject("usdt.bpf.c"), {
    name: "usdt",
    programs: { on_nothing: false, on_throw: false },
  });

const named = (probes: readonly UsdtProbe[]) =>
  probes.map((each) => `${each.provider}:${each.name}`);

const PROBES = ["widths", "twelve", "forms", "twice", "text", "plain"].map((name) => `test:${name}`)
  .concat("other:alike", "test:alike", "test:guarded");

/** The probes of a file as `readelf -n` prints them. */
function readelf(path: string): string[][] {
  const { stdout } = spawnSync("readelf", ["-n", path], { encoding: "utf8" });
  const note =
    /Provider: (\S+)\n\s+Name: (\S+)\n\s+Location: 0x0*(\w+), Base: \S+, Semaphore: 0x0*(\w*)\n\s+Arguments: ?(.*)\n/g;
  return [...stdout.matchAll(note)].map((match) => match.slice(1));
}

for (const kind of kinds) {
  test(`usdtProbes() lists what readelf lists: ${kind}`, () => {
    const path = buildUsdt(kind);
    const probes = usdtProbes({ path });
    assert.deepEqual(named(probes), PROBES);
    const told = probes.flatMap(({ provider, name, locations }) =>
      locations.map(({ address, semaphore, arguments: args }) => [
        provider,
        name,
        address.toString(16),
        semaphore ? semaphore.address.toString(16) : "",
        args.map(({ type, size, signed, operand }) => {
          assert.equal(type, type === "double" ? type : `${signed ? "s" : "u"}${size * 8}`);
          return `${signed && type !== "double" ? "-" : ""}${size}${
            type === "double" ? "f" : ""
          }@${operand}`;
        }).join(" "),
      ])
    );
    assert.deepEqual(told, readelf(path));
  });
}

test("usdtProbes() of a process lists its program and its libraries", async () => {
  await using process = await UsdtProcess.start("library");
  const byFile = Map.groupBy(usdtProbes({ pid: process.pid }), (probe) => probe.path);
  for (const kind of ["pie", "library"] as const) {
    const path = `/proc/${process.pid}/root${buildUsdt(kind)}`;
    assert.deepEqual(named(byFile.get(path) ?? []), PROBES, path);
  }
});

test("usdtProbes() tells what it cannot look at", () => {
  assert.throws(
    () => usdtProbes({ path: "/nonexistent" }),
    /^BpfError: Cannot list the USDT probes of "\/nonexistent": .*\(ENOENT\): the file does not exist$/,
  );
  assert.throws(() => usdtProbes({ pid: 2 ** 30 }), /of process 1073741824: .*does not exist/);
  assert.throws(
    () => usdtProbes({ path: "/etc/passwd" }),
    /^RangeError: Cannot list the USDT probes of "\/etc\/passwd": it is not a 64 bit ELF file/,
  );
  assert.throws(() => usdtProbes({}), /expected a path, a library or a pid, found none/);
  assert.throws(
    () => usdtProbes({ library: "nonexistent" }),
    /the dynamic linker knows no such library/,
  );
  assert.deepEqual(usdtProbes({ path: "/bin/sh" }), []);
});

for (const kind of kinds) {
  test(`attachUsdt() counts every call and reads arguments of all widths: ${kind}`, async () => {
    const before = held();
    {
      using bpf = load();
      await using process = await UsdtProcess.start(kind);
      await process.fire(3);
      const path = buildUsdt(kind);
      const link = bpf.program("on_widths").attachUsdt({ path, name: "test:widths" });
      assert.equal(link.description, `USDT probe test:widths of "${path}"`);
      await process.fire(1009);
      link.close();
      await process.fire(5);
      assert.equal(bpf.global("calls").value, 1009n);
      assert.deepEqual((bpf.global("values").value as bigint[]).slice(0, 8), [
        -101n,
        201n,
        -30001n,
        60001n,
        -2000000001n,
        4000000001n,
        -9000000000000000001n,
        18000000000000000001n - 2n ** 64n,
      ]);
    }
    assert.deepEqual(held(), before);
  });

  test(`attachUsdt() reads twelve arguments, and probes in two places: ${kind}`, async () => {
    using bpf = load();
    await using process = await UsdtProcess.start(kind);
    const path = buildUsdt(kind);
    const source = { path, pid: process.pid };
    {
      using _link = bpf.program("on_twelve").attachUsdt({ ...source, name: "twelve" });
      await process.fire(101);
    }
    const expected = [1n, 2n, 3n, 4n, 5n, 6n, -7n, 8n, -9n, 10n, -11n, 12n];
    assert.deepEqual(bpf.global("values").value, expected);
    const sum = bpf.global("values").value as bigint[];
    {
      using _link = bpf.program("on_twice").attachUsdt({ ...source, name: "twice" });
      await process.fire(103);
    }
    assert.equal(bpf.global("calls").value, 101n + 2n * 103n);
    assert.equal((bpf.global("values").value as bigint[])[0], sum[0]! + 103n * (17n - 19n));
  });
}

test("attachUsdt() reads the text a pointer points at", async () => {
  using bpf = load();
  await using process = await UsdtProcess.start();
  bpf.program("on_text").attachUsdt({ pid: process.pid, provider: "test", name: "text" });
  await process.fire(7);
  assert.equal(bpf.global("calls").value, 7n);
  assert.equal(bpf.global("text").value, "hello, probe");
});

for (const kind of kinds) {
  test(`attachUsdt() raises the semaphore of one process only: ${kind}`, async () => {
    using bpf = load();
    await using watched = await UsdtProcess.start(kind);
    await using other = await UsdtProcess.start(kind);
    assert.deepEqual(await watched.fire(3), { enabled: 0, semaphore: 0 });
    const options = { path: buildUsdt(kind), pid: watched.pid, name: "guarded" };
    const link = bpf.program("on_guarded").attachUsdt(options);
    assert.deepEqual(await watched.fire(1009), { enabled: 1009, semaphore: 1 });
    assert.deepEqual(await other.fire(211), { enabled: 0, semaphore: 0 });
    {
      // The kernel increments the semaphore once for each location, however many programs are
      // attached.
      using _second = bpf.program("on_count").attachUsdt(options);
      assert.equal((await watched.fire(0)).semaphore, 1);
      link.close();
      assert.equal((await watched.fire(0)).semaphore, 1);
    }
    assert.deepEqual(await watched.fire(5), { enabled: 1009, semaphore: 0 });
    assert.equal(bpf.global("calls").value, 1009n);
    assert.equal((bpf.global("values").value as bigint[])[0], 1009n);
  });

  test(`attachUsdt() by path watches processes that start later too: ${kind}`, async () => {
    using bpf = load();
    await using before = await UsdtProcess.start(kind);
    const link = bpf.program("on_guarded").attachUsdt({ path: buildUsdt(kind), name: "guarded" });
    await using after = await UsdtProcess.start(kind);
    assert.deepEqual(await before.fire(101), { enabled: 101, semaphore: 1 });
    assert.deepEqual(await after.fire(103), { enabled: 103, semaphore: 1 });
    link.close();
    assert.equal((await before.fire(7)).semaphore, 0);
    assert.deepEqual(await after.fire(7), { enabled: 103, semaphore: 0 });
    assert.equal(bpf.global("calls").value, 204n);
  });
}

test("attachUsdt() by pid leaves another process of the same program alone", async () => {
  using bpf = load();
  await using watched = await UsdtProcess.start();
  await using other = await UsdtProcess.start();
  bpf.program("on_twice").attachUsdt({ pid: watched.pid, name: "test:twice" });
  await other.fire(211);
  assert.equal(bpf.global("calls").value, 0n);
  await watched.fire(101);
  assert.equal(bpf.global("calls").value, 202n);
});

test("attachUsdt() by pid alone takes a probe in every file that has it", async () => {
  using bpf = load();
  await using process = await UsdtProcess.start("library");
  using _link = bpf.program("on_guarded").attachUsdt({ pid: process.pid, name: "guarded" });
  assert.deepEqual(await process.fire(13), { enabled: 13, semaphore: 1 });
  assert.equal(bpf.global("calls").value, 13n);
});

test("closing the object lowers the semaphore", async () => {
  await using process = await UsdtProcess.start();
  {
    using bpf = load();
    bpf.program("on_guarded").attachUsdt({ pid: process.pid, name: "guarded" });
    assert.equal((await process.fire(0)).semaphore, 1);
  }
  assert.equal((await process.fire(0)).semaphore, 0);
});

test("an unknown probe is an error that lists those there are, and leaves nothing", async () => {
  using bpf = load();
  await using process = await UsdtProcess.start();
  const path = buildUsdt();
  const program = bpf.program("on_text");
  assert.throws(
    () => program.attachUsdt({ path, name: "test:nothing" }),
    (error: Error) =>
      error instanceof BpfError && error.code === "ENOENT" &&
      error.message ===
        `Cannot attach program "on_text" to USDT probe test:nothing of "${path}": ` +
          `No such file or directory (ENOENT): "${path}" has ${PROBES.join(", ")}`,
  );
  assert.throws(
    () => program.attachUsdt({ path, name: "alike" }),
    /expected the provider too: it is one of other:alike, test:alike$/,
  );
  assert.throws(
    () => program.attachUsdt({ path: "/bin/sh", name: "text" }),
    /"\/bin\/sh" has no USDT probes$/,
  );
  assert.throws(() => program.attachUsdt({ pid: 2 ** 30, name: "text" }), /does not exist/);
  assert.throws(() => program.attachUsdt({ path, pid: 2 ** 30, name: "text" }), /does not exist/);
  assert.deepEqual(await process.fire(3), { enabled: 0, semaphore: 0 });
});

/** Loads the programs whose sections name their probes, or only some of them. */
function loadPlaced(pid: number, programs: Record<string, boolean> = {}): Bpf {
  const others = ["on_widths", "on_twelve", "on_twice", "on_text", "on_guarded", "on_count"];
  return Bpf.load(buildObject("usdt.bpf.c"), {
    globals: { target_pid: pid },
    programs: { ...Object.fromEntries(others.map((name) => [name, false])), ...programs },
  });
}

/** Starts usdt_throw.cc, which throws as many exceptions as it is told. */
async function startThrower(): Promise<Running> {
  const flags = ["-x", "c++", "-Wl,--no-as-needed", "-lstdc++"];
  const process = Running.start([buildProgram("usdt_throw.cc", flags)]);
  await process.find("stdout", /^pid \d+\n/);
  return process;
}

test("Bpf.attach() attaches where a section names file, provider and probe", async () => {
  await using process = await startThrower();
  using bpf = loadPlaced(process.pid, { on_nothing: false });
  const [link] = bpf.attach();
  assert.match(link!.description, /^USDT probe libstdcxx:throw of ".*\/libstdc\+\+\.so\.6"$/);
  process.send("101");
  assert.equal((await process.result).status, 0);
  assert.equal(bpf.global("calls").value, 101n);
});

test("Bpf.attach() names the probes there are, and attaches none then", () => {
  using bpf = loadPlaced(0);
  assert.throws(
    () => bpf.attach(),
    /^BpfError: Cannot attach program "on_nothing" to USDT probe no:probe of "\/bin\/sh": .*has no USDT probes$/,
  );
});

test("a process in another mount namespace is found by its own view of the file", async () => {
  using bpf = load();
  // In the process's mount namespace the file has a path that does not exist, or is another file,
  // in ours.
  const script = 'mount -t tmpfs none /mnt && cp "$0" /mnt/program && exec /mnt/program';
  await using process = await UsdtProcess.start("pie", ([program]) => [
    "unshare",
    "--mount",
    "sh",
    "-c",
    script,
    program!,
  ]);
  assert.throws(() => usdtProbes({ path: "/mnt/program" }), /ENOENT/);
  const source = { pid: process.pid, path: "/mnt/program" };
  assert.deepEqual(named(usdtProbes(source)), PROBES);
  assert.deepEqual(named(usdtProbes({ pid: process.pid })), PROBES);
  using _link = bpf.program("on_guarded").attachUsdt({ ...source, name: "guarded" });
  assert.deepEqual(await process.fire(17), { enabled: 17, semaphore: 1 });
  assert.equal(bpf.global("calls").value, 17n);
});

test("libstdc++ tells of each exception that is thrown", async () => {
  const names = named(usdtProbes({ library: "stdc++" }));
  const expected = ["catch", "rethrow", "throw"].map((name) => `libstdcxx:${name}`);
  assert.deepEqual(names.toSorted(), expected);
  await using process = await startThrower();
  using bpf = load();
  const thrown = { library: "stdc++", pid: process.pid, name: "libstdcxx:throw" };
  bpf.program("on_count").attachUsdt(thrown);
  process.send("101");
  assert.equal((await process.result).status, 0);
  assert.equal(bpf.global("calls").value, 101n);
});
