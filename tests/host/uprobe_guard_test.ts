import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  Bpf,
  sum,
  u32,
  u64,
  UnsupportedError,
  type UprobeOptions,
  userFunctions,
} from "../../mod.ts";
import { loadFunccount } from "../support/funccount_object.ts";
import { buildObject, buildProgram } from "../support/build.ts";
import { held } from "../support/leftovers.ts";
import { Script } from "../support/script.ts";
import { Folder } from "../support/workload.ts";
import { requires } from "../support/requires.ts";

// Kernels for arm64 decode whole instructions by tables: no function has to be refused there.
const skip = process.arch !== "x64" && "only x86 kernels take instructions for others";

/** A copy of guarded.c that no other process runs. */
class Guarded implements Disposable {
  readonly path: string;
  readonly folder: Folder = new Folder();

  constructor() {
    this.path = join(this.folder.path, "tsbcc-guarded");
    copyFileSync(buildProgram("guarded.c"), this.path);
  }

  start(): Promise<Script> {
    return Script.of([this.path]);
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

const load = (only: string): Bpf => loadFunccount(only, 16);

/** Functions of guarded.c, with the bytes and the wrong decoding of their first instruction. */
const REFUSED: readonly (readonly [name: string, bytes: string, misread: string])[] = [
  ["vex_jump", "c5 f1 74 06", "a conditional jump"],
  ["vex_vzeroupper", "c5 f8 77 8d", "a conditional jump"],
  ["evex_jump", "62 f1 75 48", "a conditional jump"],
  ["vex_or", "c5 f1 eb 06", "a jump"],
  ["vex_compare", "c5 f0 c2 06", "a return"],
  ["rex_exchange", "49 90 8d 47", "a nop"],
];
const RIGHT = ["plain_3", "fine_2", "vex_second", "vex_right"];

for (const [symbol, bytes, misread] of REFUSED) {
  test(`uprobe guard: ${symbol} is refused by symbol, address and offset`, { skip }, () => {
    using program = new Guarded();
    const { path } = program;
    using bpf = load("on_function");
    const { offset } = userFunctions(path, new RegExp(`^${symbol}$`))[0]!;
    const before = held();
    for (const place of [{ symbol }, { offset }, { address: offset }] as Partial<UprobeOptions>[]) {
      for (const atReturn of [false, true]) {
        for (const pid of [undefined, process.pid]) {
          const options = { path, ...place, atReturn, ...pid === undefined ? {} : { pid } };
          assert.throws(() => bpf.program("on_function").attachUprobe(options), (error: Error) => {
            assert.ok(error instanceof UnsupportedError);
            const kind = atReturn ? "uretprobe" : "uprobe";
            assert.ok(
              error.message.startsWith(`Cannot attach program "on_function" to ${kind} ${path}:`),
            );
            assert.ok(error.message.endsWith(
              `: the kernel would take the instruction of ${symbol} (${bytes} …) for ${misread}, so ` +
                "that programs compute wrong or die: probe what calls the function, or another " +
                "place in it",
            ));
            return true;
          });
        }
      }
    }
    assert.deepEqual(held(), before);
  });
}

test("uprobe guard: other functions are counted exactly", async () => {
  using program = new Guarded();
  const { path } = program;
  using bpf = load("on_function");
  await using run = await program.start();
  const functions = userFunctions(path, new RegExp(`^(${RIGHT.join("|")})$`));
  using link = bpf.program("on_function").attachUprobe({ path, functions, pid: run.pid });
  assert.deepEqual(link.targets, functions.map(({ name }) => name));
  await run.go();
  const counts = [...bpf.perCpuMap("counts", u32, u64.asNumber)].sort(([a], [b]) => a - b)
    .map(([, perCpu]) => sum(perCpu));
  const expected = functions.map(({ name }) => Number(/\d+/.exec(name) ?? 0));
  assert.deepEqual(counts.slice(0, functions.length), expected);
});

test("uprobe guard: an offset into a function is looked at for itself", { skip }, () => {
  using program = new Guarded();
  const { path } = program;
  using bpf = load("on_function");
  const attach = (symbol: string, offset: number) =>
    bpf.program("on_function").attachUprobe({ path, symbol, offset })[Symbol.dispose]();
  assert.throws(() => attach("vex_second", 3), /c5 f1 eb 06/);
  attach("vex_jump", 4);
});

for (const program of ["on_function", "on_user_functions"]) {
  const by = program === "on_function" ? "events" : "one link";

  const list = `uprobe guard: a list by ${by} leaves refused functions out`;
  const lacks = program === "on_function" ? false : requires(list, "uprobeMulti");
  test(list, { skip: skip || lacks }, () => {
    using copy = new Guarded();
    const { path } = copy;
    using bpf = load(program);
    const functions = userFunctions(path, /^(plain|fine|vex|evex|rex)_/);
    assert.equal(functions.length, REFUSED.length + RIGHT.length);
    using link = bpf.program(program).attachUprobe({ path, functions });
    assert.deepEqual(link.targets.toSorted(), RIGHT.toSorted());
    const before = held();
    const refused = functions.filter(({ name }) => !RIGHT.includes(name));
    assert.throws(
      () => bpf.program(program).attachUprobe({ path, functions: refused }),
      /the kernel would take the instruction of vex_jump \(c5 f1 74 06 …\) for a conditional jump/,
    );
    assert.deepEqual(held(), before);
  });

  test(
    `uprobe guard: a pattern for ${by} leaves refused functions out`,
    { skip },
    () => {
      using copy = new Guarded();
      const { path } = copy;
      using bpf = load(program);
      const attach = (symbol: RegExp) => bpf.program(program).attachUprobe({ path, symbol });
      using link = attach(/^(plain|fine|vex|evex|rex)_/);
      assert.deepEqual(link.targets.toSorted(), RIGHT.toSorted());
      const before = held();
      assert.throws(() => attach(/^vex_(jump|or)$/), /instruction of vex_jump \(c5 f1 74 06 …\)/);
      assert.deepEqual(held(), before);
    },
  );
}

test("uprobe guard: a note of a USDT probe may name any place", { skip }, () => {
  using copy = new Guarded();
  const { path } = copy;
  using bpf = load("on_function");
  const program = bpf.program("on_function");
  const before = held();
  assert.throws(
    () => program.attachUsdt({ path, name: "guarded:wrong" }),
    /to USDT probe guarded:wrong of \S+: the kernel would take the instruction there \(c5 f1 74 06/,
  );
  assert.deepEqual(held(), before);
  using compiled = Bpf.compile("int count(void *ctx) { return 0; }", { headers: "btf" });
  compiled.program("count").attachUsdt({ path, name: "guarded:right" })[Symbol.dispose]();
  assert.throws(
    () => compiled.program("count").attachUsdt({ path, name: "guarded:wrong" }),
    /the kernel would take the instruction there/,
  );
  assert.throws(
    () => compiled.program("count").attachUprobe({ path, symbol: "vex_or" }),
    /the kernel would take the instruction of vex_or/,
  );
});

test("uprobe guard: sections of an object are looked at too", { skip }, async () => {
  using copy = new Guarded();
  const path = process.env.PATH;
  process.env.PATH = `${copy.folder.path}:${path}`;
  try {
    const names = ["on_plain", "on_return", "on_jump", "on_jump_return", "on_second", "on_nothing"];
    const attach = (...wanted: string[]) => {
      const bpf = Bpf.load(buildObject("guarded.bpf.c"), {
        programs: Object.fromEntries(
          [...names, "on_usdt"].map((name) => [name, wanted.includes(name)]),
        ),
      });
      try {
        bpf.attach();
        return bpf;
      } catch (error) {
        bpf.close();
        throw error;
      }
    };
    const before = held();
    assert.throws(() => attach("on_jump"), {
      message:
        'Cannot attach program "on_jump" to uprobe/tsbcc-guarded:vex_jump: the kernel would ' +
        "take the instruction there (c5 f1 74 06 …) for a conditional jump, so that programs " +
        "compute wrong or die: probe what calls the function, or another place in it",
    });
    assert.throws(() => attach("on_jump_return"), /\(c5 f0 c2 06 …\) for a return/);
    assert.throws(() => attach("on_second"), /\(c5 f1 eb 06 …\) for a jump/);
    assert.throws(
      () => attach("on_nothing"),
      /to uprobe\/tsbcc-guarded:nothing: No such file or directory \(ENOENT\): the file or the/,
    );
    assert.deepEqual(held(), before);
    await using run = await copy.start();
    using bpf = attach("on_plain", "on_return");
    await run.go();
    assert.equal(bpf.global("calls").value, 5n);
  } finally {
    process.env.PATH = path;
  }
});

test("uprobe guard: the file is the one that the process sees", { skip }, async () => {
  using copy = new Guarded();
  const script = 'mount -t tmpfs none /mnt && cp "$0" /mnt/elsewhere && exec /mnt/elsewhere';
  await using run = await Script.of(["unshare", "--mount", "sh", "-c", script, copy.path]);
  using bpf = load("on_function");
  const place = { path: "/mnt/elsewhere", pid: run.pid };
  const program = bpf.program("on_function");
  assert.throws(
    () => program.attachUprobe({ ...place, symbol: "vex_or" }),
    /to uprobe \/mnt\/elsewhere:vex_or: the kernel would take the instruction of vex_or/,
  );
  using _link = program.attachUprobe({ ...place, symbol: "plain_3" });
  await run.go();
});
