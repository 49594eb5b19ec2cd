import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Fields,
  hash,
  kernel,
  KernelCodeError,
  perfBuffer,
  pid,
  rawTracepoint,
  ringBuffer,
  tracepoint,
  xdp,
} from "../../kernel.ts";
import { Bpf, chars, struct, u32, u64, u8, type VerifierError } from "../../mod.ts";
import { held } from "../support/leftovers.ts";

const Event = struct("event", { pid: u32, name: chars(8) });

const outside = {
  maps: {
    counts: hash(u32, u64),
    events: ringBuffer(Event),
    big: perfBuffer(struct("big", { text: chars(600) })),
  },
  globals: { total: u64, small: u8 },
  constants: { LIMIT: 5 },
};

/**
 * The message for a program, given as a string because the runtimes change the text of functions
 * differently.
 */
function refusal(body: string, hook = rawTracepoint<Fields>): string {
  const run = new Function("ctx", "out", body) as () => void;
  const before = held();
  try {
    using _bpf = Bpf.load(kernel(outside, { program: hook("sys_enter", run) }));
  } catch (error) {
    assert.ok(error instanceof KernelCodeError, String(error));
    assert.equal(error.program, "program");
    assert.deepEqual(held(), before, "a refused program must leave nothing");
    return error.message.replace(/^Cannot compile program "program" \([^)]*\): /, "");
  }
  return assert.fail(`it was accepted: ${body}`);
}

const REFUSED: readonly (readonly [body: string, message: string])[] = [
  [
    "const n = out.counts.get(1);\nout.total = n + 1n;",
    "this may be undefined: check it first, if (x === undefined) return, or give another value, x ?? 0\n" +
    "  line 4 of the function: out.total = n + 1n;\n" +
    "                                      ^^^^^^",
  ],
  [
    "out.total = elsewhere + 1;",
    "nothing is called elsewhere here, for only the function's own text is compiled: what comes from " +
    "outside comes as the second parameter, from kernel({ maps, globals, constants })\n" +
    "  line 3 of the function: out.total = elsewhere + 1;\n" +
    "                                      ^^^^^^^^^",
  ],
  [
    "let i = 0;\nwhile (i < 5) i++;",
    "the kernel wants to see that a loop ends: write for (let i = 0; i < 100; i++) and break when it " +
    "is done\n" +
    "  line 4 of the function: while (i < 5) i++;\n" +
    "                          ^^^^^^^^^^^^^^^^^^",
  ],
  [
    "for (let i = 0n; i < ctx.args[0]; i++) out.total++;",
    "the kernel wants to see that a loop ends: compare its variable with a constant, such as " +
    "for (let i = 0; i < 100 && i < n; i++)\n" +
    "  line 3 of the function: for (let i = 0n; i < ctx.args[0]; i++) out.total++;\n" +
    "                                           ^^^^^^^^^^^^^^^",
  ],
  [
    "out.total = ctx.args[0] * 1.5;",
    "1.5 is no integer, and programs in the kernel have no others: scale it, such as milliseconds " +
    "instead of seconds\n" +
    "  line 3 of the function: out.total = ctx.args[0] * 1.5;\n" +
    "                                                    ^^^",
  ],
  [
    "out.total = 1 << 31;",
    "JavaScript computes 1 << 31 in 32 bits or as a fraction, which gives -2147483648: write bigints, " +
    "1n << 31n\n" +
    "  line 3 of the function: out.total = 1 << 31;\n" +
    "                                      ^^^^^^^",
  ],
  [
    "out.events.emit({ pid: 1 });",
    "struct event needs a value for name\n" +
    "  line 3 of the function: out.events.emit({ pid: 1 });\n" +
    "                                          ^^^^^^^^^^",
  ],
  [
    'out.events.emit({ pid: 1, name: "too long a name" });',
    "this text has 15 bytes and a NUL, and there is room for 8\n" +
    '  line 3 of the function: out.events.emit({ pid: 1, name: "too long a name" });\n' +
    "                                                          ^^^^^^^^^^^^^^^^^",
  ],
  [
    "out.small = 300;",
    "300 does not fit into u8\n" +
    "  line 3 of the function: out.small = 300;\n" +
    "                          ^^^^^^^^^^^^^^^",
  ],
  [
    "out.missing = 1;",
    'kernel() was given nothing called "missing": it has counts, events, big, total, small, ' +
    "counts_dropped, events_dropped, LIMIT\n" +
    "  line 3 of the function: out.missing = 1;\n" +
    "                          ^^^^^^^^^^^",
  ],
  [
    "out.counts.push(1);",
    "counts has no push(): it has get(), getOrInsert(), set(), delete(), has(), increment()\n" +
    "  line 3 of the function: out.counts.push(1);\n" +
    "                          ^^^^^^^^^^^^^^^^^^",
  ],
  [
    "if (ctx.args[0] < 0n) return;",
    "this number is unsigned and never below 0: write signed(…) around it if it may be\n" +
    "  line 3 of the function: if (ctx.args[0] < 0n) return;\n" +
    "                              ^^^^^^^^^^^^^^^^",
  ],
  [
    "out.total = signed(ctx.args[0]) / ctx.args[1];",
    'one side of "/" is a signed and one an unsigned number of 64 bits: say how to take them, by ' +
    "signed(…) or unsigned(…) around one of them\n" +
    "  line 3 of the function: out.total = signed(ctx.args[0]) / ctx.args[1];\n" +
    "                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
  ],
  [
    "try { out.total = 1n; } catch {}",
    "there are no exceptions in the kernel: what may be missing is undefined\n" +
    "  line 3 of the function: try { out.total = 1n; } catch {}\n" +
    "                          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
  ],
  [
    "const box = new Map();",
    "there is no memory to make objects in: use a map, or a const object of emit()\n" +
    "  line 3 of the function: const box = new Map();\n" +
    "                                      ^^^^^^^^^",
  ],
  [
    "const again = (n) => again(n + 1n);\nout.total = again(1n);",
    "functions cannot call themselves: the kernel wants to see the end\n" +
    "  line 3 of the function: const again = (n) => again(n + 1n);\n" +
    "                                               ^^^^^^^^^^^^^",
  ],
  [
    'out.big.emit({ text: "x" });',
    "it needs 600 bytes of stack, and a program has 512: keep fewer and shorter texts and structs at a " +
    "time\n" +
    "  line 1 of the function: function anonymous(ctx,out\n" +
    "                          ^^^^^^^^^^^^^^^^^^^^^^^^^^",
  ],
  [
    "const { total } = out;\nout.total = total + 1n;",
    "total is assigned to here and was taken from outside as a copy: use the object for both, " +
    "outside.total\n" +
    "  line 4 of the function: out.total = total + 1n;\n" +
    "                          ^^^^^^^^^",
  ],
];

for (const [body, message] of REFUSED) {
  test(`kernel code is refused with its place: ${body.replaceAll("\n", " ")}`, () => {
    assert.equal(refusal(body), message);
  });
}

test("a field that a tracepoint lacks is told with those it has", () => {
  const at = () => tracepoint<Fields>("sched/sched_process_exit", run);
  const run = new Function("ctx", "out", "out.total = ctx.pidd;") as () => void;
  assert.throws(
    () => Bpf.load(kernel(outside, { program: at() })),
    /tracepoint sched\/sched_process_exit has no field "pidd": it has .*\bpid\b.*\n.*ctx\.pidd/,
  );
});

test("a tracepoint's name needs its category", () => {
  assert.throws(() => tracepoint("sched_switch", () => {}), {
    name: "TypeError",
    message: 'Cannot trace "sched_switch": expected "category/name", such as "sched/sched_switch"',
  });
});

test("functions whose text is not told are refused", () => {
  const program = rawTracepoint<Fields>("sys_enter", (() => {}).bind(undefined));
  assert.throws(
    () => Bpf.load(kernel({}, { program })),
    /give the function itself, not one that bind\(\) made/,
  );
});

test("async functions are refused", () => {
  const program = rawTracepoint<Fields>("sys_enter", async () => {});
  assert.throws(() => Bpf.load(kernel({}, { program })), /does not wait: it cannot be async/);
});

test("what only the verifier finds is told with the line, what it means and what to do", () => {
  const endless = kernel({ globals: { total: u64 } }, {
    endless: rawTracepoint("sys_enter", ({ args }, out) => {
      for (let i = 0; i < 100; i++) {
        if (args[0] === 5n) continue;
        out.total += 1n;
        i = 0;
      }
    }),
  });
  const before = held();
  assert.throws(() => Bpf.load(endless), (error: Error) => {
    assert.equal(error.name, "VerifierError");
    assert.match(
      error.message,
      /^Cannot load program "endless": .*: it cannot prove that a loop ends: the loop's variable may only change in the direction of the constant that it is compared with: "(?:infinite loop|back-edge).*" at line (\d+) \(typescript_messages_test\.ts:\1:7\): for /,
    );
    assert.ok((error as VerifierError).log.includes("processed"));
    return true;
  });
  assert.deepEqual(held(), before);
});

test("programs that see packets are not asked about a process", () => {
  const code = kernel({ globals: { owner: u32 } }, {
    drop: xdp(undefined, (_, out) => {
      out.owner = pid();
    }),
  });
  assert.throws(() => Bpf.load(code), {
    message: /a packet is handled in whichever process is running, so that pid\(\) says nothing/,
  });
});
