import assert from "node:assert/strict";
import { test } from "node:test";
import { hash, histogram, kernel, KernelCodeError, rawTracepoint } from "../../kernel.ts";
import { array, bool, Bpf, i64, struct, u32, u64 } from "../../mod.ts";
import { runOnce } from "../support/differential.ts";
import { requires } from "../support/requires.ts";

// Functions as experienced TypeScript programmers write them. They are made from strings, because each runtime
// changes the text of functions in this file in its own way.

const ARGS = [7n, (1n << 63n) + 5n, 3n, 0n, (1n << 64n) - 2n];
const RESULTS = { a: u64, b: u64, c: i64, yes: bool, no: bool };
const Pair = struct("pair", { x: u32, y: i64 });
const List = struct("list", { of: array(u32, 4) });

type Run = (context: unknown, out: Record<string, unknown>) => void;
const runOf = (body: string) => new Function("ctx", "out", body) as Run;

/** Runs functions in the kernel, all from one object; returns the globals after each. */
function inKernel(bodies: readonly string[]): Record<string, unknown>[] {
  const programs = bodies.map((body, i) => [`f${i}`, rawTracepoint("sys_enter", runOf(body))]);
  const maps = { pairs: hash(u32, Pair), numbers: hash(u32, u64), lists: hash(u32, List) };
  const constants = { LIM: 5n };
  using bpf = Bpf.load(kernel({ maps, globals: RESULTS, constants }, Object.fromEntries(programs)));
  return bodies.map((_, i) => {
    for (const name of ["a", "b", "c"] as const) bpf.global(name).value = 0n;
    for (const name of ["yes", "no"] as const) bpf.global(name).value = false;
    runOnce(bpf.program(`f${i}`), ARGS);
    return Object.fromEntries(
      Object.keys(RESULTS).map((name) => [name, bpf.global(name as "a").value]),
    );
  });
}

/** Runs the same function in JavaScript; returns the same globals. */
function inJavaScript(body: string): Record<string, unknown> {
  const out = { a: 0n, b: 0n, c: 0n, yes: false, no: false, LIM: 5n };
  runOf(body)({ args: ARGS }, out);
  const [a, b] = [BigInt.asUintN(64, out.a), BigInt.asUintN(64, out.b)];
  return { a, b, c: BigInt.asIntN(64, out.c), yes: out.yes, no: out.no };
}

const SAME = [
  "let n = 1n; const add = (k) => { n += k; return n; }; out.a = add(2n) + add(3n) * 10n;",
  "const f = (x) => { const g = (y) => y * 2n + x; return g(x) + g(1n); }; out.a = f(5n);",
  "out.a = f(2n); function f(x) { return x + h(); } function h() { return 40n; }",
  "const x = 5n; const f = () => x; { const x = 7n; out.a = f() * 10n + x; }",
  "const x = 5n; const f = (x) => x + 1n; out.a = f(1n) + x;",
  "let i = 100n; for (let i = 0n; i < 3n; i++) out.a += i; out.b = i;",
  "const f = () => x; const x = 4n; out.a = f();",
  "const { args: [x, , z] } = ctx; out.a = x; out.b = z;",
  "const o = { x: 3n, y: 4n }; out.a = o.x * o.y; if (o) out.b = 1n;",
  "let n = 1n; const o = { x: n, p: { q: n } }; n = 9n; out.a = o.x + o.p.q;",
  "let n = 0n; const f = () => { n++; return n; }; const o = { x: f() }; out.a = o.x + o.x; out.b = n;",
  "const { x: k, y: { z } } = { x: 1n, y: { z: 2n } }; out.a = k + z;",
  "const o = { f(x) { return x + 1n; } }; out.a = o.f(2n);",
  "let n = 1n; const l = [n, n + 1n]; n = 50n; out.a = l[0] + l[1];",
  "out.a = ctx.args[4] + 5n;",
  "out.c = -7n / 2n; out.a = BigInt(-7 % 3 + 10); out.b = 0xffn + 0o17n + 0b11n + 1_000n;",
  "let x = 1n; x <<= 4n; x |= 1n; x ^= 0x10n; out.a = x; let y = 100n; y /= 7n; y %= 5n; out.b = y;",
  "let x = 1n; out.a = (x += 2n, x * 2n);",
  "let x = 5n; out.a = x++ + ++x; out.b = x-- - --x;",
  "let x = 1n; const f = () => { x = 10n; return 1n; }; out.a = x + f() + x;",
  "let x = 1n; const f = (a, b, c) => a * 100n + b * 10n + c; out.a = f(x, x += 1n, x);",
  "const x = ctx.args[0]; out.a = x > 9n ? 1n : x > 6n ? 2n : 3n;",
  "let n = 0n; ctx.args[0] > 3n ? n++ : n--; out.c = n;",
  "let n = 0n; const f = (r) => { n++; return r; }; if (f(false) && f(true)) out.b = 1n; out.a = n;",
  "const x = ctx.args[0] > 3n || ctx.args[2] > 3n; out.yes = x; out.no = !x;",
  "switch (ctx.args[0]) { case 7n: out.a += 1n; case 8n: out.a += 10n; break; case 9n: out.a += 100n; }",
  "switch (ctx.args[0]) { case 1n: out.a = 1n; break; default: out.a += 5n; case 2n: out.a += 10n; }",
  "for (let i = 0; i < 4; i++) { switch (i) { case 1: continue; case 2: break; } out.a += 1n; }",
  "switch (true) { case ctx.args[0] > 30n: out.a = 1n; break; default: out.a = 2n; }",
  "for (let i = 0; i < 10; i++) { if (i % 3 === 0) continue; out.a += BigInt(i); }",
  "for (let i = 0; i < 4; i++) { for (let j = 0; j < 4; j++) { if (j === 2) break; out.a += 1n; } }",
  "const f = (n) => { for (let i = 0n; i < 10n; i++) { if (i * i > n) return i; } return 99n; }; " +
  "out.a = f(10n); out.b = f(1000n);",
  "for (const [x, y] of [[1n, 2n], [3n, 4n]]) out.a += x * y;",
  "for (let i = 0; i < 10; i++) { out.a += 1n; i += 2; }",
  "for (let i = 0, j = 10; i < j && i < 20; i++, j--) out.a += 1n;",
  "for (let i = 3n; i >= 0n; i -= 1n) out.a = out.a * 10n + i;",
  "for (let i = 0; i < 5; i++) { switch (i) { case 3: return; default: out.a += 1n; } }",
  "if (ctx.args[0] > 3n) if (ctx.args[2] > 3n) out.a = 1n; else out.a = 2n;",
  "const f = (x) => { if (x > 5n) return 1n; if (x > 2n) return 2n; return 3n; }; " +
  "out.a = f(ctx.args[0]) * 100n + f(ctx.args[2]) * 10n + f(ctx.args[3]);",
  "const twice = (f, x) => f(f(x)); out.a = twice((x) => x * 3n, 2n);",
  "let x = 0n, y = 0n; x = y = 5n; out.a = x + y; out.b = out.c = 5n;",
  "if (ctx.args[3]) out.a = 1n; else out.a = 2n; if (!ctx.args[0]) out.b = 1n;",
  "out.a++; ++out.a; out.b = out.a++; out.c = --out.a;",
  "const pid = 5n, comm = () => 6n; out.a = pid + comm();",
  "out.a = (() => 5n)(); (() => { out.b = 6n; })();",
  "let ok = false; for (let i = 0; i < 3; i++) if (i === 2) ok = true; out.yes = ok; out.no = ok !== true;",
  // Nonnegative constants can be combined with numbers of either sign, also as results of a choice.
  "const f = (x, lo, hi) => { if (x < lo) return lo; if (x > hi) return hi; return x; }; " +
  "out.a = f(ctx.args[0], 1n, 5n); out.b = f(ctx.args[2], 1n, 5n);",
  "const d = ctx.args[2] > 1n ? 2n : 3n; out.a = ctx.args[1] / d; out.c = -7n / d;",
  "const d = ctx.args[2] > 1n ? 2n : 3n; const e = ctx.args[2] > 1n ? 3n : 2n; out.c = d - e; out.yes = d - e < 0n;",
  "const x = ctx.args[2] > 1n ? (ctx.args[0] > 1n ? 1n : 2n) : ctx.args[1]; out.a = x; out.yes = x > 0n;",
  "const x = ctx.args[2] > 1n ? ctx.args[1] : (ctx.args[0] > 1n ? 1n : 2n); out.a = x >> 1n;",
  "let x = ctx.args[2] > 1n ? 1n : 2n; x = ctx.args[1]; out.a = x >> 1n;",
  "let x = ctx.args[2] > 1n ? 1n : 2n; x -= 5n; out.c = x >> 1n; out.yes = x < 0n;",
  "const f = (x) => { if (x > 5n) return 1n; return -2n; }; out.c = f(1n) * 3n; out.a = f(7n);",
  "const f = (x) => { if (x > 5n) return ctx.args[1]; if (x > 3n) return 1n; return 2n; }; out.a = f(6n) >> 1n;",
  "for (let i = 0n; i <= out.LIM; i++) out.a++;",
  "const xs = [3n, 1n, 2n]; for (let i = 0; i < xs.length; i++) out.a += 2n;",
  'const key = "a"; out[key] = 5n; out["b"] += 2n;',
  "const fs = [(x) => x + 1n, (x) => x * 10n]; out.a = fs[1](5n);",
  "for (const x of [1n, -2n, 4n]) { const f = () => x; out.c += f(); }",
  "let n = 5n; const f = () => n++; out.a = f() + f() * 10n; out.b = n;",
  // Code as minifiers write it.
  "for (let x of [1n, -2n, 4n]) out.c += x; for (let [x, y] of [[1n, 2n]]) out.a += x * y;",
  "if (out.a = 3n, out.b = 4n, ctx.args[0] > 3n) out.a += 10n;",
  "out.a = (out.b = 2n, ctx.args[0] > 3n) ? 1n : 2n; (out.c = 5n, ctx.args[0] > 3n) && (out.a += 4n, out.b += 4n);",
  "const f = (x) => (x > 3n && out.b++, out.c--, x * 2n); out.a = f(ctx.args[0]) + f(1n);",
  "if ((out.a = 1n, out.LIM > 3n) && ctx.args[0] > 3n) out.b = 2n; out.no = (out.c = 2n, !(ctx.args[0] > 3n));",
  'const k = ctx.args[0] > 3n ? "big" : "small"; out.yes = k === "big"; out.no = k === "small";',
  'const k = ctx.args[0] > 9n ? "a" : ctx.args[0] > 8n ? "" : "a longer one"; out.yes = k === "a longer one";',
  'const f = (x) => x > 5n ? "big" : "small"; switch (f(ctx.args[2])) { case "big": out.a = 1n; break; ' +
  'case "small": out.a = 2n; } out.yes = f(ctx.args[0]) === "big";',
];

test("functions mean in the kernel what they mean in JavaScript", () => {
  inKernel(SAME).forEach((found, i) => assert.deepEqual(found, inJavaScript(SAME[i]!), SAME[i]));
});

const PAIR = "const q = out.pairs.get(1); if (!q) return;";
const MAPS: readonly (readonly [body: string, c: bigint])[] = [
  [`let n = 1n; const o = { x: 1, y: n }; n = 9n; out.pairs.set(1, o); ${PAIR} out.c = q.y;`, 1n],
  [
    `out.c = 2n; const o = { x: 1, y: out.c }; out.c = 9n; out.pairs.set(1, o); ${PAIR} out.c = q.y;`,
    2n,
  ],
  [
    `let k = 3n; const put = (o) => { k = 7n; out.pairs.set(1, o); }; put({ x: 1, y: k }); ${PAIR} out.c = q.y;`,
    3n,
  ],
  [
    `let k = 4n; const make = () => ({ x: 1, y: k }); const o = make(); k = 5n; out.pairs.set(1, o); ${PAIR}
    out.c = q.y;`,
    4n,
  ],
  [
    `out.pairs.set(1, { x: 1, y: 5n }); ${PAIR} const o = { x: q.x, y: q.y }; q.y = 50n; out.pairs.set(1, o);
    out.c = q.y * 10n + (out.pairs.get(1)?.y ?? 0n);`,
    505n,
  ],
  // A struct read from a map is a reference to the map's value; a number is a copy.
  [
    `out.pairs.set(1, { x: 1, y: 5n }); ${PAIR} const old = q.y; q.y += 1n; out.c = old * 100n + q.y;`,
    506n,
  ],
  [
    "out.numbers.set(1, 5n); const v = out.numbers.get(1) ?? 0n; out.numbers.set(1, 6n); out.a = v; out.c = 5n;",
    5n,
  ],
];

const LIST = "out.lists.set(1, { of: [1, 2, 3, 4] }); const q = out.lists.get(1); if (!q) return; ";
const LISTS: readonly (readonly [body: string, c: bigint])[] = [
  // Reading outside of an array gives undefined, or 0 where the code does not test for undefined.
  ["out.c = BigInt(q.of[ctx.args[2]] ?? 99) * 1000n + BigInt(q.of[ctx.args[0]] ?? 99);", 4099n],
  ["out.c = q.of[ctx.args[0]] === undefined ? 1n : 2n;", 1n],
  ["out.c = q.of[ctx.args[2]] === undefined ? 1n : 2n;", 2n],
  ["const x = q.of[ctx.args[0]]; out.c = 7n; if (x === undefined) return; out.c = BigInt(x);", 7n],
  ["out.c = 5n + BigInt(q.of[ctx.args[0]]);", 5n],
  ["for (let i = 0; i < q.of.length; i++) out.c += BigInt(q.of[i]);", 10n],
  ["for (const x of q.of) { if (x === 3) continue; out.c += BigInt(x); }", 7n],
];

test("elements by a computed number are there, or undefined", () => {
  const found = inKernel(LISTS.map(([body]) => LIST + body));
  assert.deepEqual(found.map(({ c }) => c), LISTS.map(([, c]) => c));
});

test("objects with a name keep what they were made of", () => {
  const found = inKernel(MAPS.map(([body]) => body));
  assert.deepEqual(found.map(({ c }) => c), MAPS.map(([, c]) => c));
});

test("a histogram counts negative values by themselves", () => {
  const values = ["0n", "1n", "5n", "-1n", "-6n", "ctx.args[0] - 20n", "-(1n << 63n)"];
  const body = values.map((value) => `out.slots.record(signed(${value}));`).join("\n");
  const keyed = "out.keyed.record(-7, 3); out.keyed.record(ctx.args[4], 3);";
  const maps = { slots: histogram(), keyed: histogram(u32) };
  using bpf = Bpf.load(
    kernel({ maps, programs: { f: rawTracepoint("sys_enter", runOf(body + keyed)) } }),
  );
  runOnce(bpf.program("f"), ARGS);
  // Slots of 0, 1 and 5 (three bits); of negative numbers with 1, 3, 4 and 64 bits.
  const counted = [...bpf.map("slots")].filter(([, count]) => count !== 0n).map(([slot]) => slot);
  assert.deepEqual(counted, [0, 1, 3, 65, 67, 68, 128]);
  const slots = [...bpf.map("keyed").keys()].map(({ of, slot }) => [of, slot]);
  assert.deepEqual(slots.sort(([, a], [, b]) => a! - b!), [[3, 64], [3, 67]]);
});

const REFUSED: readonly (readonly [body: string, reason: RegExp])[] = [
  // JavaScript throws as well: the variable is used before its declaration.
  ["const x = 5n; { out.a = x; const x = 6n; }", /^x is declared further down or elsewhere/],
  ["x = 5n; let x = 6n; out.a = x;", /^x is declared further down or elsewhere/],
  [
    "switch (ctx.args[0]) { case 1n: let x = ctx.args[1]; out.b = x; break; case 7n: out.a = x; }",
    /^x is declared further down or elsewhere/,
  ],
  [
    "switch (ctx.args[0]) { case 1n: let x = 4n; break; case 7n: x = 5n; out.a = x; }",
    /^x is declared further down or elsewhere/,
  ],
  ["const o = { x: 1n }; out.a = o.z;", /^this object has no field "z": it has x/],
  ["const o = { get x() { return 1n; } }; out.a = o.x;", /^objects hold values/],
  ["const o = { ...{ x: 1n } }; out.a = o.x;", /^name each field instead of spreading/],
  ["const f = (x) => { x += 1n; return x; }; out.a = f(1n);", /^x is a const or a parameter/],
  ["let x; if (ctx.args[0] > 3n) x = 4n; out.a = x;", /^give it a value that tells its type/],
  ["const x = 1n; x = 2n; out.a = x;", /^x is a const or a parameter/],
  ["let p = 1n, q = 2n; [p, q] = [q, p];", /^only variables and fields can be assigned to/],
  ["out.a = ctx.args[0] ** 2n;", /^the operator \*\* is not in the language/],
  ["const x = (ctx.args[0] > 3n) + 1n; out.a = x;", /is for numbers, and this is a boolean/],
  ["out.yes = typeof ctx.args[0] === 'bigint';", /^typeof is not in the language/],
  ["const f = (x) => x > 1n ? f(x - 1n) : 1n; out.a = f(3n);", /^functions cannot call themselves/],
  // Names that other tracing languages and BPF helpers use.
  ["out.a = BigInt(getpid());", /^nothing is called getpid here: did you mean pid\(\)\?/],
  ["out.a = nsecs;", /^nothing is called nsecs here: did you mean ktime\(\)\?/],
  [
    "out.a = bpf_ktime_get_ns();",
    /^nothing is called bpf_ktime_get_ns here: did you mean ktime\(\)\?/,
  ],
  ["out.yes = userStrng(ctx.args[0]) === 'a';", /: did you mean userString\(\)\?/],
  ["out.a = Date.now();", /: did you mean ktime\(\)\?/],
  ["out.a = constructor;", /^nothing is called constructor here, for only the function's own/],
  ["out.a = [1n, 2n][-1];", /^there is no element -1/],
  // Valid JavaScript that is refused, with the advice what to write instead.
  [
    "for (const x of ctx.args) out.a += x;",
    /^how many arguments there are is not known here: name each/,
  ],
  ["out.a = BigInt(ctx.args.length);", /^how many arguments there are is not known here/],
  [
    "out.a = out.c >>> 1n;",
    /^JavaScript's >>> takes the lowest 32 bits.*write unsigned\(x, 32\) >> n/,
  ],
  [
    "out.a = out.c || 7n;",
    /^u64 is wanted here, and this is a boolean: write x \?\? 0 or condition/,
  ],
  [
    'const s = ctx.args[0] > 3n ? "a" : 5n; print(s);',
    /^one side gives a text, the other a number/,
  ],
  [
    'const f = (x) => { if (x) return "a"; return "b"; }; print(f(out.a));',
    /^a function with several returns/,
  ],
  [
    "const f = (x, y = 4n) => x + y; out.a = f(1n);",
    /^default values are not in the language: give/,
  ],
  [
    "const f = (...xs) => xs[0]; out.a = f(1n, 2n);",
    /^the rest of arguments is not in the language/,
  ],
  ['out.a = BigInt("abc".length);', /^texts have no length in the kernel/],
  [
    "const xs = [1n]; out.yes = xs.includes(1n);",
    /^the list has no includes in the kernel: go through it/,
  ],
  ["const o = { x: 1n }; o.x = 2n;", /^an object keeps what it was made of/],
  ["const xs = [1n]; xs[0] = 2n;", /^a list keeps what it was made of/],
  [
    "out.a = BigInt(Math.min(3, 4));",
    /^JavaScript's Math is not in the kernel: write it with operators/,
  ],
  ["out.a = ctx.args[0].toString();", /^a number has no field "toString"/],
];

const REFUSING = "what JavaScript throws at, or the kernel has not, is refused with its reason";

// Not in guests ("speed"): it does not use the kernel.
test(REFUSING, { skip: requires(REFUSING, "speed") }, () => {
  for (const [body, reason] of REFUSED) {
    const code = kernel({
      globals: RESULTS,
      programs: { f: rawTracepoint("sys_enter", runOf(body)) },
    });
    assert.throws(() => code.compile(), (error: Error) => {
      assert.ok(error instanceof KernelCodeError, `${body}: ${error}`);
      const [, told = ""] =
        /^Cannot compile program "f" \([^)]*\): ([^]*?)\n +line \d+ of the function: /.exec(
          error.message,
        )!;
      assert.match(told, reason, body);
      return true;
    });
  }
});
