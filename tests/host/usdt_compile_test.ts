// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, chars, CompileError, u32, type UsdtHook } from "../../mod.ts";
import { PROJECT } from "../support/build.ts";
import { startExample } from "../support/example.ts";
import { held } from "../support/leftovers.ts";
import { Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { buildUsdt, KINDS, UsdtProcess } from "../support/usdt.ts";

/** Stores the arguments 1 to `count` in the first slots. */
const readAll = (count: number) =>
  Array.from({ length: count }, (_, i) => `read_argument(${i})`).join("\n  ");

const TEXT = `
BPF_ARRAY(counts, u64, 1);
BPF_ARRAY(values, s64, 12);
BPF_ARRAY(sum, s64, 1);
struct text_t { char text[32]; };
BPF_ARRAY(texts, struct text_t, 1);

static void store(int slot, s64 value) {
  values.update(&slot, &value);
}

static void add(s64 value) {
  int zero = 0;
  s64 *total = sum.lookup(&zero);
  if (total) *total += value;
}

int on_widths(struct pt_regs *ctx) {
  counts.increment(0);
  ${readAll(8)}
  return 0;
}

int on_twelve(struct pt_regs *ctx) {
  counts.increment(0);
  ${readAll(12)}
  return 0;
}

int on_forms(struct pt_regs *ctx) {
  counts.increment(0);
  ${readAll(5)}
  return 0;
}

int on_twice(struct pt_regs *ctx) {
  s32 value = 0;
  bpf_usdt_readarg(1, ctx, &value);
  counts.increment(0);
  add(value);
  return 0;
}

int on_two(struct pt_regs *ctx) {
  u64 value = 0;
  bpf_usdt_readarg(1, ctx, &value);
  counts.increment(0);
  add(value);
  return 0;
}

int on_narrow(struct pt_regs *ctx) {
  u8 low = 0;
  s16 middle = 0;
  bpf_usdt_readarg(5, ctx, &low);
  bpf_usdt_readarg(5, ctx, &middle);
  store(0, low);
  store(1, middle);
  return 0;
}

int on_text(struct pt_regs *ctx) {
  struct text_t text = {};
  int zero = 0;
  bpf_usdt_readarg_p(1, ctx, &text.text, sizeof(text.text));
  texts.update(&zero, &text);
  return 0;
}

int on_plain(struct pt_regs *ctx) {
  counts.increment(0);
  return 0;
}
`.replace(
  /read_argument\((\d+)\)/g,
  (_, n) =>
    `{ s64 value = 0; bpf_usdt_readarg(${Number(n) + 1}, ctx, &value); store(${n}, value); }`,
);

const WIDTHS = [-101n, 201n, -30001n, 60001n, -2000000001n, 4000000001n]
  .concat(-9000000000000000001n, 18000000000000000001n - 2n ** 64n);

function hooks(source: Omit<UsdtHook, "program" | "name">): UsdtHook[] {
  const named = (program: string, ...names: string[]) =>
    names.map((name) => ({ ...source, program, name }));
  return [
    ...named("on_widths", "test:widths"),
    ...named("on_twelve", "twelve"),
    ...named("on_forms", "forms"),
    ...named("on_twice", "twice"),
    ...named("on_two", "guarded", "twelve"),
    ...named("on_narrow", "widths"),
    ...named("on_text", "text"),
  ];
}

/** The contents of the maps. */
function told(bpf: Bpf) {
  const [count] = bpf.map("counts").values();
  const [sum] = bpf.map("sum").values();
  return { count, sum, values: [...bpf.map("values").values()] };
}

for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
  test(`bpf_usdt_readarg() reads every form of arguments: ${kind}`, async () => {
    const before = held();
    {
      const path = buildUsdt(kind);
      using bpf = Bpf.compile(TEXT, { usdt: hooks({ path }) });
      await using process = await UsdtProcess.start(kind);
      await using other = await UsdtProcess.start(kind);
      const cases: [program: string, times: number, first: unknown[]][] = [
        ["on_widths", 1009, WIDTHS],
        ["on_twelve", 101, [1n, 2n, 3n, 4n, 5n, 6n, -7n, 8n, -9n, 10n, -11n, 12n]],
        ["on_forms", 103, [33n, 0x12n, 11n, -22n, -22n]],
      ];
      let total = 0n;
      for (const [name, times, expected] of cases) {
        const program = bpf.program(name);
        assert.match(program.section, /^usdt\//);
        using _link = program.attach();
        await process.fire(times);
        total += BigInt(times);
        const { count, values } = told(bpf);
        assert.equal(count, total, name);
        assert.deepEqual(values.slice(0, expected.length), expected, name);
      }

      // Two locations of one probe, and two probes, each with the argument in another operand; in
      // one process.
      const options = { path, pid: process.pid };
      const places = bpf.program("on_twice").attachUsdt({ ...options, name: "twice" });
      await process.fire(107);
      await other.fire(211);
      places.close();
      total += 2n * 107n;
      assert.deepEqual([told(bpf).count, told(bpf).sum], [total, 107n * (17n - 19n)]);
      const both = bpf.program("on_two").attach();
      await process.fire(2);
      assert.equal((await process.fire(0)).semaphore, 1);
      both.close();
      assert.equal((await process.fire(0)).semaphore, 0);
      total += 4n;
      assert.deepEqual([told(bpf).count, told(bpf).sum], [
        total,
        107n * -2n + (1n + 1n) + (2n + 1n),
      ]);

      {
        using _narrow = bpf.program("on_narrow").attach();
        using _text = bpf.program("on_text").attach();
        await process.fire(3);
      }
      const low = BigInt.asUintN(8, -2000000001n), middle = BigInt.asIntN(16, -2000000001n);
      assert.deepEqual(told(bpf).values.slice(0, 2), [low, middle]);
      assert.equal(bpf.map("texts", u32, chars(32)).get(0), "hello, probe");

      bpf.program("on_plain").attachUsdt({ path, name: "test:plain" });
      await process.fire(7);
      assert.equal(told(bpf).count, total + 7n);
    }
    assert.deepEqual(held(), before);
  });
}

test("Bpf.attach() attaches the probes of a compiled text, by process", async () => {
  await using process = await UsdtProcess.start("library");
  await using other = await UsdtProcess.start("library");
  const source = { pid: process.pid };
  const text = `BPF_ARRAY(counts, u64, 1);
int on_guarded(struct pt_regs *ctx) { counts.increment(0); return 0; }`;
  {
    using bpf = Bpf.compile(text, {
      usdt: [{ ...source, program: "on_guarded", name: "guarded" }],
    });
    const [link] = bpf.attach();
    assert.equal(link!.description, `USDT probe guarded of process ${process.pid}`);
    assert.deepEqual(await process.fire(101), { enabled: 101, semaphore: 1 });
    assert.deepEqual(await other.fire(211), { enabled: 0, semaphore: 0 });
    assert.deepEqual([...bpf.map("counts").values()], [101n]);
  }
  assert.equal((await process.fire(0)).semaphore, 0);
});

test("an attachment that fails half-way lowers the semaphore again", async () => {
  const before = held();
  await using process = await UsdtProcess.start();
  const gone = await UsdtProcess.start();
  const hook = (pid: number) => ({ pid, program: "f", name: "guarded" });
  using bpf = Bpf.compile("int f(struct pt_regs *ctx) { return 0; }", {
    usdt: [hook(process.pid), hook(gone.pid)],
  });
  await gone[Symbol.asyncDispose]();
  assert.throws(() => bpf.attach(), new RegExp(`guarded of process ${gone.pid}: .*does not exist`));
  assert.equal((await process.fire(0)).semaphore, 0);
  bpf.close();
  assert.deepEqual(held(), before);
});

test("examples/usdt.ts counts the values of an argument", async () => {
  await using process = await UsdtProcess.start();
  await using other = await UsdtProcess.start();
  await using example = await startExample("usdt.ts", String(process.pid), "test:twice");
  await process.fire(1009);
  await other.fire(211);
  example.kill("SIGINT");
  const { status, stdout, stderr } = await example.result;
  assert.equal(status, 0, stderr);
  const rows = [...stdout.matchAll(/^ *(\d+) (-?\d+)$/gm)].map(([, n, value]) => [value, n]);
  assert.deepEqual(new Map(rows as [string, string][]), new Map([["17", "1009"], ["-19", "1009"]]));
});

test("examples/usdt.ts lists the probes of a file", async () => {
  const { status, stdout } = await Running.start([
    ...scriptCommand(`${PROJECT}examples/usdt.ts`),
    buildUsdt(),
  ]).result;
  assert.equal(status, 0);
  assert.match(stdout, /^test:widths s8 u8 s16 u16 s32 u32 s64 u64\n/);
});

test("a tracer that is killed lowers the semaphore", async () => {
  await using process = await UsdtProcess.start();
  await using example = await startExample("usdt.ts", buildUsdt(), "guarded");
  assert.deepEqual(await process.fire(3), { enabled: 3, semaphore: 1 });
  example.kill("SIGKILL");
  await example.result;
  assert.deepEqual(await process.fire(3), { enabled: 3, semaphore: 0 });
});

test("a compiled text's mistakes about probes are errors that name what there is", () => {
  const path = buildUsdt();
  const before = held();
  const compile = (body: string, hook: Omit<UsdtHook, "path">) =>
    Bpf.compile(`int f(struct pt_regs *ctx) {\n  u64 x = 0;\n  ${body}\n  return 0;\n}`, {
      usdt: [{ path, ...hook }],
    });
  assert.throws(
    () => compile("", { program: "f", name: "nothing" }),
    /^BpfError: Cannot compile program "f" for USDT probe nothing of ".*": .*\(ENOENT\): ".*" has test:widths, /,
  );
  assert.throws(
    () => compile("", { program: "g", name: "plain" }),
    /^TypeError: Cannot find program "g" for USDT probe plain of ".*" in "program": it has f$/,
  );
  for (
    const [n, name, reason] of [
      [1, "plain", "plain has 0 arguments"],
      [2, "text", "text has 1 argument"],
      [6, "forms", "argument 6 of forms is in %xmm0, which programs cannot read"],
    ] as const
  ) {
    assert.throws(
      () => compile(`bpf_usdt_readarg(${n}, ctx, &x);`, { program: "f", name }),
      (error: Error) =>
        error instanceof CompileError && error.line === 3 && error.message.includes(reason),
    );
  }
  {
    using bpf = compile("bpf_usdt_readarg(1, ctx, &x);", { program: "f", name: "text" });
    assert.throws(
      () => bpf.program("f").attachUsdt({ path, name: "twelve" }),
      /the program was not compiled for its arguments: name this probe too/,
    );
  }
  assert.deepEqual(held(), before);
});
