// Not in guests: where a text was written depends on no kernel.
// Errors in kernel code name the file as its author sees it, not as the runtime transpiled it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Kernel, kernel, KernelCodeError, rawTracepoint } from "../../kernel.ts";
import { Bpf, u64 } from "../../mod.ts";
import { PROJECT } from "../support/build.ts";
import { Folder } from "../support/workload.ts";

const HEAD = `import { functions, hash, kernel, pid, print, rawTracepoint, tracepoint } from ${
  JSON.stringify(pathToFileURL(join(PROJECT, "kernel.ts")).href)
};
import { u32, u64 } from ${JSON.stringify(pathToFileURL(join(PROJECT, "mod.ts")).href)};`;

/** The error of a module whose default export is kernel code; its first two lines are imports. */
async function refusal(text: string): Promise<Error> {
  using folder = new Folder();
  const path = `${folder.path}/script.ts`;
  writeFileSync(path, `${HEAD}\n${text}`);
  const { default: code } = await import(pathToFileURL(path).href) as {
    default: Kernel<Record<never, never>>;
  };
  try {
    using _bpf: Bpf = Bpf.load(code);
  } catch (error) {
    assert.ok(error instanceof Error);
    if (error instanceof KernelCodeError && error.file !== undefined) {
      assert.equal(error.file, path);
      const at = error.message.indexOf(`(script.ts:${error.line}:${error.column}): `);
      assert.ok(at > 0, error.message);
    }
    return error;
  }
  return assert.fail("it was accepted");
}

const NO_FIELD = (field: string) =>
  `tracepoint syscalls/sys_exit_openat has no field "${field}": it has __syscall_nr, ret`;

const PLACES: readonly (readonly [what: string, text: string, message: string | RegExp])[] = [
  [
    "with types, comments and blank lines",
    `
interface Unused { a: number }
export default kernel({}, {
  // A comment (with a bracket
  opens: tracepoint("syscalls/sys_exit_openat", (e, out: { a?: Unused }): void => {
    const limit: number = 3; /* gone */

    if (limit > 2)
\t\tprint("opens", e.nope as bigint satisfies bigint);
  }),
});`,
    `"opens" (script.ts:11:18): ${NO_FIELD("nope")}
  line 11: print("opens", e.nope as bigint satisfies bigint);
                          ^^^^^^`,
  ],
  [
    "that was declared elsewhere, and takes an exclamation mark",
    `
function other(e: { nope: bigint }) { return e.nope; }
function handler(e: { nope?: bigint, ret: bigint }): bigint | void {
  if (e.ret < 0) return; return e.nope!;
}
export default kernel({}, { a: tracepoint("syscalls/sys_exit_openat", handler as never) });`,
    `"a" (script.ts:6:33): ${NO_FIELD("nope")}
  line 6: if (e.ret < 0) return; return e.nope!;
                                        ^^^^^^`,
  ],
  [
    "that is one of three alike",
    `
export default kernel({}, {
  a: tracepoint("syscalls/sys_enter_openat", (e) => print(e.filename)),
  b: tracepoint("syscalls/sys_exit_openat", (e) => print(e.filename)),
  c: tracepoint("syscalls/sys_enter_openat", (e) => print(e.filename)),
});`,
    `"b" (script.ts:6:58): ${NO_FIELD("filename")}
  line 6: b: tracepoint("syscalls/sys_exit_openat", (e) => print(e.filename)),
                                                                 ^^^^^^^^^^`,
  ],
  [
    "of functions()",
    `
const counting = functions({ maps: { calls: hash(u32, u64) } }, ({ calls }) => ({
  count(call: number): void {
    const before: bigint | undefined = calls.get(call);

    calls.set(call, before! + 1n);
  },
}));
export default kernel({ use: [counting] }, {
  a: tracepoint("syscalls/sys_exit_openat", (_, { count }) => count(1 as number)),
});`,
    `"a" (script.ts:8:21): this may be undefined: check it first, if (x === undefined) return, or give another value, x ?? 0
  line 8: calls.set(call, before! + 1n);
                          ^^^^^^^^^^^^`,
  ],
  [
    "of which a runtime may have folded the place",
    `
export default kernel({ globals: { total: u64 } }, {
  a: rawTracepoint("sys_enter", ({ args }, out) => {
    for (const each of [1, 2, 3] as const) {
      out.total = args[0]! + (0.5 +
        1.25);
    }
  }),
});`,
    // Deno tells the text as it stands, Bun the sum.
    /^"a" \(script\.ts:7:3[01]\): (0\.5|1\.75) is no integer, .*\n {2}line 7: out\.total = args\[0\]! \+ \(0\.5 \+\n {33}(\^{6}| \^{3})$/,
  ],
  [
    "of which two are the same, and none in the call",
    `
const two = [(e: { nope: bigint }) => e.nope + 1n, (e: { nope: bigint }) => e.nope + 1n];
export default kernel({}, { a: tracepoint("syscalls/sys_exit_openat", two[1] as never) });`,
    /^"a" \(script\.ts:5\): tracepoint .* has no field "nope": .*\n {2}line 1 of the function: \(e\) ?=> ?e\.nope \+ 1n\n +\^{6}$/,
  ],
];

for (const [what, text, expected] of PLACES) {
  test(`an error names the author's line of a function ${what}`, async () => {
    const { message } = await refusal(text);
    const told = message.replace("Cannot compile program ", "");
    if (typeof expected === "string") assert.equal(told, expected);
    else assert.match(told, expected);
  });
}

test("a refusal of the kernel names the author's line", async () => {
  const { name, message } = await refusal(`
export default kernel({ globals: { total: u64 } }, {
  endless: rawTracepoint("sys_enter", ({ args }, out) => {
    const unused: number = 1;

    for (let i: number = 0; i < 100; i++) {
      if (args[0] === 5n) continue; // as never before
      out.total += 1n as bigint;
      i = 0;
    }
  }),
});`);
  assert.equal(name, "VerifierError");
  assert.match(
    message,
    / at line 8 \(script\.ts:8:5\): for \(let i: number = 0; i < 100; i\+\+\) \{/,
  );
});

test("what is loaded tells the kernel its lines, as bpftool shows them", () => {
  const code = kernel({ globals: { total: u64, last: u64 } }, {
    seen: rawTracepoint("sys_enter", ({ args }, out) => {
      out.total += 1n as bigint;
      out.last = args[0]!;
    }),
  });
  using bpf = Bpf.load(code);
  const id = String(bpf.program("seen").info.id);
  const shown = execFileSync("bpftool", ["prog", "dump", "xlated", "id", id, "linum"], {
    encoding: "utf8",
  });
  const lines = Array.from(
    shown.matchAll(/^ *; (.*) \[file:(.*):\d+:seen\(\) line_num:(\d+) /gm),
    ([, text, file, line]) => `${file} ${line}: ${text}`,
  );
  // Of the text that the runtime has of the function, without types.
  assert.deepEqual(lines.filter((line) => !line.includes("=>")), [
    "typescript_locations_test.ts 2: out.total += 1n;",
    "typescript_locations_test.ts 3: out.last = args[0];",
  ]);
});
