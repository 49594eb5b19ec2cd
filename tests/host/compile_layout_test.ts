// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import {
  aligned,
  array,
  bits,
  Bpf,
  chars,
  type Codec,
  struct,
  u16,
  u16be,
  u32,
  u64,
  u8,
} from "../../mod.ts";
import { callGetppid } from "../support/calls.ts";
import { Folder } from "../support/workload.ts";

interface Case {
  /** The struct's members, the attributes after its brace, and statements that fill it. */
  readonly c: readonly [members: string, behind: string, fill: string];
  readonly codec: ReturnType<typeof struct>;
  readonly value: unknown;
}

const CASES: Record<string, Case> = {
  aligned_middle: {
    c: ["u32 a; u32 b __attribute__((aligned(16))); u32 c;", "", "s.a = 1; s.b = 77; s.c = 3;"],
    codec: struct("aligned_middle", { a: u32, b: aligned(u32, 16), c: u32 }),
    value: { a: 1, b: 77, c: 3 },
  },
  aligned_end: {
    c: ["u32 a; u64 b __attribute__((aligned(16)));", "", "s.a = 1; s.b = 77;"],
    codec: struct("aligned_end", { a: u32, b: aligned(u64, 16) }),
    value: { a: 1, b: 77n },
  },
  bit_fields: {
    c: ["u32 low:4, high:28; u32 c;", "", "s.low = 5; s.high = 0x1234567; s.c = 99;"],
    codec: struct("bit_fields", { low: bits(u32, 4), high: bits(u32, 28), c: u32 }),
    value: { low: 5, high: 0x1234567, c: 99 },
  },
  narrow_bits: {
    c: ["u16 a:3, b:13; u16 c; u64 d;", "", "s.a = 5; s.b = 1000; s.c = 99; s.d = 12345;"],
    codec: struct("narrow_bits", { a: bits(u16, 3), b: bits(u16, 13), c: u16, d: u64 }),
    value: { a: 5, b: 1000, c: 99, d: 12345n },
  },
  packed: {
    c: ["u8 a; u32 b; u8 c;", "__attribute__((packed))", "s.a = 1; s.b = 0x11223344; s.c = 9;"],
    codec: struct("packed", { a: u8, b: u32, c: u8 }, { packed: true }),
    value: { a: 1, b: 0x11223344, c: 9 },
  },
  grid: {
    c: ["u32 g[2][3]; u32 z;", "", "s.g[0][2] = 3; s.g[1][0] = 4; s.z = 7;"],
    codec: struct("grid", { g: array(array(u32, 3), 2), z: u32 }),
    value: { g: [[0, 0, 3], [4, 0, 0]], z: 7 },
  },
  names: {
    c: ["u64 a; char g[2][4];", "", 's.a = 1; __builtin_memcpy(s.g, "abc\\0def", 8);'],
    codec: struct("names", { a: u64, g: array(chars(4), 2) }),
    value: { a: 1n, g: ["abc", "def"] },
  },
  network: {
    c: ["__be16 port; u16 own;", "", "s.port = bpf_htons(443); s.own = 80;"],
    codec: struct("network", { port: u16be, own: u16 }),
    value: { port: 443, own: 80 },
  },
};

const block = (name: string, { c: [members, behind, fill] }: Case) => `
struct ${name} { ${members} } ${behind};
BPF_HASH(${name}_map, u32, struct ${name});
BPF_PERF_OUTPUT(${name}_perf);
BPF_RINGBUF_OUTPUT(${name}_copied, 1);
BPF_RINGBUF_OUTPUT(${name}_placed, 1);
static void send_${name}(void *ctx) {
  struct ${name} s;
  u32 key = 7;
  __builtin_memset(&s, 0, sizeof(s));
  ${fill}
  ${name}_map.update(&key, &s);
  ${name}_perf.perf_submit(ctx, &s, sizeof(s));
  ${name}_copied.ringbuf_output(&s, sizeof(s), 0);
  struct ${name} *place = ${name}_placed.ringbuf_reserve(sizeof(struct ${name}));
  if (place) { *place = s; ${name}_placed.ringbuf_submit(place, 0); }
}`;

test("compiled maps and events hold what C wrote, however it lays structs out", () => {
  const names = Object.keys(CASES);
  using bpf = Bpf.compile(`
#include <linux/sched.h>
${names.map((name) => block(name, CASES[name]!)).join("\n")}
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  if (bpf_get_current_pid_tgid() >> 32 != ${process.pid}) return 0;
  ${names.map((name) => `send_${name}(args);`).join("\n  ")}
  return 0;
}`);
  bpf.attach();
  for (const withCodec of [false, true]) {
    const streams = names.flatMap((name) =>
      ["perf", "copied", "placed"].map((kind) => {
        const { codec, value } = CASES[name]!;
        const buffer = `${name}_${kind}`;
        const stream = withCodec ? bpf.events(buffer, codec) : bpf.events(buffer);
        return { buffer, value, stream };
      })
    );
    callGetppid(1);
    for (const { buffer, value, stream } of streams) {
      const events: unknown[] = [];
      stream.drain((event) => events.push(event));
      assert.deepEqual(events, [value], buffer);
      stream.close();
    }
    for (const name of names) {
      const { codec, value } = CASES[name]!;
      const map = withCodec ? bpf.map(`${name}_map`, u32, codec) : bpf.map(`${name}_map`);
      assert.deepEqual([...map], [[7, value]], name);
    }
  }
  // A codec with the same members, but without `packed` or alignment, is refused for maps and
  // events.
  const wrongs: [string, Codec<unknown>, RegExp][] = [
    ["packed", struct("packed", { a: u8, b: u32, c: u8 }), /12 bytes in the codec and 6 in/],
    ["bit_fields", struct("bit_fields", { low: u32, high: u32, c: u32 }), /12 bytes .* and 8/],
    ["network", struct("network", { port: u16, own: u16 }), /"port" is in the machine's byte/],
    ["grid", struct("grid", { g: array(array(u32, 2), 3), z: u32 }), /"g\[\]" has 8 bytes in/],
  ];
  for (const [name, wrong, message] of wrongs) {
    for (const kind of ["perf", "copied", "placed"]) {
      assert.throws(() => bpf.events(`${name}_${kind}`, wrong), message);
    }
    assert.throws(() => bpf.map(`${name}_map`, u32, wrong), message);
  }
});

test("compiled events of structs with a typedef, or from a file of the user's own", () => {
  using folder = new Folder();
  mkdirSync(`${folder.path}/include`);
  writeFileSync(
    `${folder.path}/include/own.h`,
    "#ifndef OWN_H\n#define OWN_H\nstruct own { u8 a; u64 b; } __attribute__((packed));\n#endif\n",
  );
  using bpf = Bpf.compile(
    `
#include <linux/sched.h>
#include "own.h"
typedef struct { u8 a; u32 b:3, c:29; } __attribute__((packed)) event_t;
#ifdef NEVER
typedef struct { u8 a; } never_t;
#endif
BPF_PERF_OUTPUT(first);
BPF_PERF_OUTPUT(second);
BPF_PERF_OUTPUT(third);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  if (bpf_get_current_pid_tgid() >> 32 != ${process.pid}) return 0;
  struct hidden { u8 a; u16 b; } __attribute__((packed)) hidden = { .a = 3, .b = 5 };
  event_t event = { .a = 1, .b = 2, .c = 1013 };
  struct own own = { .a = 9, .b = 10007 };
  first.perf_submit(args, &event, sizeof(event));
  second.perf_submit(args, &own, sizeof(own));
  third.perf_submit(args, &hidden, sizeof(hidden));
  return 0;
}`,
    { cflags: ["-I", `${folder.path}/include`] },
  );
  bpf.attach();
  using first = bpf.events("first");
  using second = bpf.events("second");
  // The struct is declared inside a function, and the text has packed structs: its layout cannot be
  // told.
  assert.throws(() => bpf.events("third"), /the text does not tell their type: pass a codec/);
  const Hidden = struct("hidden", { a: u8, b: u16 }, { packed: true });
  assert.throws(() => bpf.events("third", Hidden, { strict: true }), /does not tell their type/);
  using third = bpf.events("third", Hidden);
  callGetppid(1);
  first.drain((event) => assert.deepEqual(event, { a: 1, b: 2, c: 1013 }));
  second.drain((event) => assert.deepEqual(event, { a: 9, b: 10007n }));
  assert.equal(third.drain((event) => assert.deepEqual(event, { a: 3, b: 5 })), 1);
});
