import assert from "node:assert/strict";
import { test } from "node:test";
import { userLines } from "./source_lines.ts";

const SOURCE = `BPF_HASH(h, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  u32 k = 1;
  u64 *v = h.lookup(&k);
  (*v)++;
  return 0;
}
int other(void *ctx) {
  return 0;
}`;

const LOG = `0: R1=ctx() R10=fp0
; TRACEPOINT_PROBE(syscalls, sys_enter_getppid) { @ main.c:18
0: (b7) r1 = 1                        ; R1=1
; u32 k = 1; @ main.c:20
; u64 *v = bpf_map_lookup_elem((void *)bpf_pseudo_fd(1, -1), &k); @ main.c:21
;  @ main.c:0
; (*v)++; @ main.c:22
`;

test("userLines() tells the lines of the user's text", () => {
  const told = userLines(SOURCE, LOG);
  assert.equal(told("(*v)++; @ main.c:22"), 'line 5: "(*v)++;"');
  assert.equal(
    told("u64 *v = bpf_map_lookup_elem((void *)bpf_pseudo_fd(1, -1), &k); @ main.c:21"),
    'line 4: "u64 *v = h.lookup(&k);"',
  );
  // This line occurs twice in the text.
  assert.equal(told("return 0; @ main.c:23"), 'line 6: "return 0;"');
});

test("userLines() leaves lines that it does not know without a number", () => {
  const told = userLines(SOURCE, LOG);
  assert.equal(told("made_up(); @ main.c:22"), '"made_up();"');
  assert.equal(userLines(SOURCE, "")("return 0; @ main.c:9"), '"return 0;"');
});

test("userLines() leaves lines of included files as they are", () => {
  assert.equal(userLines(SOURCE, LOG)("return x; @ own.h:7"), '"return x; @ own.h:7"');
});

test("userLines() knows unchanged lines without the kernel's numbers", () => {
  const told = userLines(SOURCE, LOG.replaceAll(/ @ \S+/g, ""));
  assert.equal(told("(*v)++;"), 'line 5: "(*v)++;"');
  assert.equal(told("return 0;"), '"return 0;"');
});
