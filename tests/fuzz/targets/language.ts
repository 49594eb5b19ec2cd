/**
 * Fuzz targets: parsers of user input: probes, patterns, options, values, programs.
 *
 * @module
 */

import { declaredTypes, isPlain } from "../../../bpf/compile/declared_types.ts";
import { parseDiagnostics } from "../../../bpf/compile/compile_error.ts";
import { collectMentions } from "../../../bpf/compile/headers/mentions.ts";
import { reservedTables } from "../../../bpf/compile/reserved_events.ts";
import { userLines } from "../../../bpf/compile/source_lines.ts";
import { array, chars, formatValue, i32, parseValue, struct, u64 } from "../../../mod.ts";
import { parseOptions, UsageError } from "../../../toolkit/options/options.ts";
import { uidOf } from "../../../toolkit/options/user_option.ts";
import { parseTarget } from "../../../toolkit/probes/patterns.ts";
import { parseArgdistProbe } from "../../../tools/argdist/probe.ts";
import opensnoop from "../../../tools/opensnoop/opensnoop.ts";
import { parseChain } from "../../../tools/inject/chain.ts";
import { parseSpec } from "../../../tools/ksnoop/spec.ts";
import { parseTraceProbe } from "../../../tools/trace/probe.ts";
import { type AnyTarget, must, type Target } from "../target.ts";

const isUsage = (error: unknown) => error instanceof UsageError;
const samplesOf = (...values: readonly string[]) => () => values.map((value) => ({ value }));

const PROBE_WORDS = [
  ...[
    "p:",
    "r:",
    "t:",
    "u:",
    "::",
    "(",
    ")",
    '"',
    "'",
    "\\",
    "%d",
    "%s",
    "%-10llx",
    "%%",
    ",",
    "#",
  ],
  ...[
    "arg1",
    "retval",
    "$entry(",
    "$latency",
    "$retval",
    "STRCMP(",
    "args->",
    "==",
    "!=",
    "&&",
    "||",
    "?:",
  ],
  ...["char *", "(struct list_head *)", "->", "@user", ":", "u64", "0x", "/*", "//", "\\x"],
];

const CALL_WORDS = [
  "=>",
  "(",
  ")",
  "->",
  "STRCMP(",
  "'text'",
  ">=",
  "!=",
  ",",
  "return",
  "0x",
  "NULL",
];

const inject: Target<string> = {
  name: "inject",
  what: "call chains of inject",
  samples: samplesOf(
    "(true) => SyS_mount()(true)",
    "should_fail_alloc_page(gfp_t mask, unsigned int order)(order == 1) => refill()",
    "d_alloc(struct dentry *new, const struct qstr *name)(STRCMP(name->name, 'bananas'))",
  ),
  words: CALL_WORDS,
  isRefusal: isUsage,
  run(text) {
    for (const { parameters, test } of parseChain(text)) {
      must(parameters.every((name) => /^\w+$/.test(name)), "a parameter has another name");
      must(
        test === undefined || !/[;{}`]/.test(test.replaceAll(/"(?:[^"\\]|\\.)*"/g, "")),
        "a test is more than one",
      );
    }
  },
};

const ksnoop: Target<string> = {
  name: "ksnoop",
  what: "functions of ksnoop",
  samples: samplesOf("ip_send_skb", "ip_send_skb(skb->len > 128, return >= -0x10)"),
  words: CALL_WORDS,
  isRefusal: isUsage,
  run(text) {
    const { name, wanted = [] } = parseSpec(text);
    must(/^[\w.]+$/.test(name) && wanted.length <= 6, "it is no function, or has too many values");
  },
};

const trace: Target<string> = {
  name: "trace",
  what: "probes of trace",
  samples: samplesOf(
    'do_sys_open "%s", arg2',
    'r:c:malloc(size_t size) (size > 100) "%p %d", retval, $entry(size)',
    't:sched:sched_switch (args->prev_pid == 1) "%-16s %llx", args->prev_comm, args->next_pid',
    'u:/usr/lib/libpthread.so:pthread_create (STRCMP("x\\"y", arg1)) "%K%U", arg1, arg2',
    'p::vfs_read(struct file *file, char *buf) "%s %c", file->f_path.dentry->d_name.name, *buf',
  ),
  words: PROBE_WORDS,
  isRefusal: isUsage,
  run(text) {
    const { values, format } = parseTraceProbe(text, 80);
    must(values.length <= text.length && format.length <= text.length, "a probe has grown");
  },
};

const argdist: Target<string> = {
  name: "argdist",
  what: "probes of argdist",
  samples: samplesOf(
    "r::__vfs_read(void *file, void *buf, size_t count):size_t:$entry(count):$latency > 1000",
    'p:c:malloc(size_t size):size_t,char *:size,"x":size==16#sizes # of malloc',
    "t:block:block_rq_complete():u32:args->nr_sector",
    "u:pthread:pthread_start():u64:arg2",
  ),
  words: PROBE_WORDS,
  isRefusal: isUsage,
  run(text) {
    for (const collection of ["count", "histogram"] as const) {
      const { values } = parseArgdistProbe(text, collection);
      must(values.length <= text.length, "a probe has grown");
    }
  },
};

const pattern: Target<string> = {
  name: "pattern",
  what: "patterns of functions",
  samples: samplesOf(
    "vfs_*",
    "r:c:mall*",
    "t:sched:*fork",
    "u:ruby-3.1:gc__*",
    "./app:ns::f*(int)",
  ),
  words: ["*", "::", "r:", "(a|b)+", "[", "\\", ".*"],
  isRefusal: isUsage,
  run(text) {
    const { pattern, kind } = parseTarget(text);
    must(kind !== "kernel" || pattern.source.startsWith("^"), "a pattern begins anywhere");
  },
};

const options: Target<string> = {
  name: "options",
  what: "command lines",
  samples: samplesOf(
    "-p 181 --json -n ssh",
    "-Tx -d 10 --cgroup /a",
    "--name=x -- y",
    "-u root --help",
  ),
  words: ["--", "-", "=", " ", "-p", "--pid=", "--no", "-1", "1e9", "99999999999999999999", "0x10"],
  isRefusal: isUsage,
  run(text) {
    const words = text.split(" ");
    parseOptions(opensnoop.options, words);
  },
};

const passwd: Target<string> = {
  name: "passwd",
  what: "/etc/passwd",
  samples: samplesOf(
    "root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000::/home/user:/bin/sh\n",
    "user:x:1x:1000\n",
  ),
  words: [":", "\n", "user", "::", "-1", "x:"],
  run(text) {
    const uid = uidOf("user", text) ?? 0;
    must(Number.isInteger(uid) && uid >= 0 && uid < 2 ** 32, `the user's id is ${uid}`);
  },
};

const Value = struct("value", { pid: i32, name: chars(8), list: array(u64, 2) });

const value: Target<string> = {
  name: "value",
  what: "values of maps as text",
  samples: samplesOf(
    '{ 0x2a "sshd" [ 0x1 0x2 ] }',
    '{ -42 "a\\"\\x00" [ 18446744073709551615 0 ] }',
  ),
  words: ["{", "}", "[", "]", '"', "\\x", "0x", "-", " "],
  isRefusal: (error) => error instanceof SyntaxError || error instanceof RangeError,
  run(text) {
    const read = parseValue(Value, text);
    const written = formatValue(Value, read);
    must(formatValue(Value, parseValue(Value, written)) === written, "it reads otherwise");
  },
};

const program: Target<string> = {
  name: "program",
  what: "C texts, as far as they are looked at before the compiler",
  samples: samplesOf(
    "typedef ".repeat(4000),
    `#include <linux/sched.h>
struct event_t { u32 pid; char comm[16]; } __attribute__((packed));
typedef struct { enum { A, B = 2 } kind; union u_t *p; } key_t;
BPF_RINGBUF_OUTPUT(events, 8);
TRACEPOINT_PROBE(sched, sched_switch) { // comment
  struct event_t *e = events.ringbuf_reserve(sizeof(struct event_t));
  if (!e) return 0; /* more */
  events.ringbuf_submit(e, 0);
  return 0;
}
`,
  ),
  words: [
    "/*",
    "*/",
    "//",
    '"',
    "{",
    "}",
    "struct ",
    "typedef ",
    "#define ",
    "enum ",
    "(",
    ")",
    "tracepoint__a__b",
    ".ringbuf_reserve(",
  ],
  run(text) {
    const { identifiers } = collectMentions(text, { folder: undefined, includes: [] });
    must(identifiers.size <= text.length, "there are more names than letters");
    declaredTypes([text]);
    isPlain([text]);
    reservedTables(text);
  },
};

const messages: Target<string> = {
  name: "messages",
  what: "what compiler and verifier say",
  samples: samplesOf(
    "/virtual/main.c:4:13: error: no member named 'x'\n  a->x;\n     ^\n1 error generated.\n",
    `/virtual/main.c:${"9".repeat(400)}:1: error: x\n`,
    "; u32 k = 1; @ main.c:20\n0: (b7) r1 = 1\n; (*v)++; @ main.c:22\nR0 invalid mem access\n",
    // Found by fuzzing: the time was quadratic in the number of blanks.
    `; ${" ".repeat(100_000)}x @ main.c:22 y\n`,
  ),
  words: ["/virtual/main.c:", ":1:1: ", "error: ", "; ", " @ main.c:", "\n", "99999999999"],
  run(text) {
    for (const { line } of parseDiagnostics("int a;\nint b;\n", text)) {
      must(Number.isInteger(line), "a line has no number");
    }
    const told = userLines("u32 k = 1;\n(*v)++;\n", text);
    for (const line of text.split("\n").slice(0, 20)) told(line);
  },
};

/** Parsers of user input. */
export const LANGUAGE_TARGETS: readonly AnyTarget[] = [
  trace,
  inject,
  ksnoop,
  argdist,
  pattern,
  options,
  passwd,
  value,
  program,
  messages,
];
