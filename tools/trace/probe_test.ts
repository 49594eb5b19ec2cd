import assert from "node:assert/strict";
import { test } from "node:test";
import { expressionText } from "../../toolkit/probe_language/expression.ts";
import { parseTraceProbe } from "./probe.ts";

/** The parsed probe as short texts. */
function told(text: string) {
  const { hook, signature, filter, format, values } = parseTraceProbe(text, 80);
  const place = hook.kind === "tracepoint"
    ? hook.category
    : hook.kind === "usdt"
    ? hook.library
    : hook.library ?? "kernel";
  return [
    `${hook.kind} ${place} ${hook.name}`,
    signature?.parameters.map(({ type, name }) => `${type} ${name}`).join(", "),
    filter && expressionText(filter),
    format.map((part) => typeof part === "string" ? part : part.letter).join(""),
    ...values.map(expressionText),
  ];
}

test("parseTraceProbe() reads the examples of bcc's trace", () => {
  const none = undefined;
  const cases: [text: string, ...told: (string | undefined)[]][] = [
    ["do_sys_open", "entry kernel do_sys_open", none, none, ""],
    ["kfree_skb+0x12", "entry kernel kfree_skb", none, none, ""],
    ['do_sys_open "%s", arg2@user', "entry kernel do_sys_open", none, none, "s", "arg2@user"],
    [
      'sys_read (arg3 > 20000) "read %d bytes", arg3',
      "entry kernel sys_read",
      none,
      "arg3 > 20000",
      "read d bytes",
      "arg3",
    ],
    ['r::do_sys_open "%llx", retval', "return kernel do_sys_open", none, none, "x", "retval"],
    [
      'c:open (arg2 == 42) "%s %d", arg1, arg2',
      "entry c open",
      none,
      "arg2 == 42",
      "s d",
      "arg1",
      "arg2",
    ],
    [
      'p:c:write (arg1 == 1) "writing %d bytes to STDOUT", arg3',
      "entry c write",
      none,
      "arg1 == 1",
      "writing d bytes to STDOUT",
      "arg3",
    ],
    [
      'r::__kmalloc (retval == 0) "kmalloc failed!"',
      "return kernel __kmalloc",
      none,
      "retval == 0",
      "kmalloc failed!",
    ],
    [
      't:block:block_rq_complete "sectors=%d", args->nr_sector',
      "tracepoint block block_rq_complete",
      none,
      none,
      "sectors=d",
      "args->nr_sector",
    ],
    [
      "u:pthread:libpthread:pthread_create (arg4 != 0)",
      "usdt pthread libpthread:pthread_create",
      none,
      "arg4 != 0",
      "",
    ],
    [
      'p::SyS_nanosleep(struct timespec *ts) "sleep for %lld ns", ts->tv_nsec',
      "entry kernel SyS_nanosleep",
      "struct timespec * ts",
      none,
      "sleep for d ns",
      "ts->tv_nsec",
    ],
    [
      "udpv6_sendmsg(struct sock *sk) (sk->sk_dport == 13568)",
      "entry kernel udpv6_sendmsg",
      "struct sock * sk",
      "sk->sk_dport == 13568",
      "",
    ],
    [
      'sys_setsockopt(int fd, char* optval)(fd==0 && STRCMP("{0x6C, 0x00}", optval))',
      "entry kernel sys_setsockopt",
      "int fd, char * optval",
      'fd==0 && STRCMP("{0x6C, 0x00}", optval)',
      "",
    ],
    ['p:/tmp/a.out:main+0xd "%x", ctx->dx', "entry /tmp/a.out main", none, none, "x", "ctx->dx"],
    [
      'p:/a:b:main "(%d, %d)", f(1, 2), (3)',
      "entry /a:b main",
      none,
      none,
      "(d, d)",
      "f(1, 2)",
      "(3)",
    ],
  ];
  for (const [text, ...expected] of cases) assert.deepEqual(told(text), expected, text);
});

test("parseTraceProbe() shows each mistake", () => {
  const cases: [text: string, at: number, reason: RegExp][] = [
    [" ", 0, /expected a probe/],
    ["x:c:open", 0, /expected p \(entry\)/],
    ["p::f (arg1 > 0", 5, /never closed/],
    ["p::f(int a", 4, /never closed/],
    ["p::f ()", 6, /expected an expression here/],
    ["p::f arg1", 5, /expected \(FILTER\) or "FORMAT"/],
    ['p::f "%d"', 5, /1 conversion, but there are 0 values/],
    ['p::f "%d", 1, 2', 14, /1 conversion, but there are 2 values/],
    ['p::f "%d", ', 10, /expected an expression here/],
    ['p::f "%d %d", 1, ', 15, /expected an expression here/],
    ['p::f "%d" arg1', 10, /expected a comma/],
    ['p::f "%d, arg1', 5, /this text has no end/],
    ["t:sched:sched_switch(int a)", 20, /only functions have a signature: use args->MEMBER/],
    ["u:c:x(int a)", 5, /only functions have a signature: use arg1/],
    ['p::f "%d", a; b', 12, /not statements/],
  ];
  for (const [text, at, reason] of cases) {
    assert.throws(() => parseTraceProbe(text, 80), (error: Error) => {
      assert.match(error.message, reason, text);
      assert.equal(error.message.split("\n").at(-1), " ".repeat(at + 2) + "^", text);
      return true;
    });
  }
});
