import assert from "node:assert/strict";
import { test } from "node:test";
import { type Collection, parseArgdistProbe } from "./probe.ts";
import { expressionText } from "../../toolkit/probe_language/expression.ts";

/** The parsed probe as one line. */
function told(text: string, collection: Collection = "count") {
  const { hook, label, signature, types, values, filter } = parseArgdistProbe(text, collection);
  const pairs = values.map((value, i) =>
    `${types[i]!.isText ? "text" : expressionText(types[i]!)} ${expressionText(value)}`
  );
  return [
    `${hook.kind} ${hook.name}`,
    signature?.parameters.map(({ type, name }) => `${type} ${name}`).join(", "),
    pairs.join(", "),
    filter && expressionText(filter),
    label,
  ];
}

test("parseArgdistProbe() reads the examples of bcc's argdist", () => {
  const none = undefined;
  const cases: [text: string, ...told: (string | undefined)[]][] = [
    ["p::__kmalloc(u64 size):u64:size", "entry __kmalloc", "u64 size", "u64 size", none, none],
    [
      "p:c:malloc(size_t size):size_t:size:size==16",
      "entry malloc",
      "size_t size",
      "size_t size",
      "size==16",
      none,
    ],
    [
      "r:c:gets():char*:(char*)$retval#snooped strings",
      "return gets",
      none,
      "text (char*)$retval",
      none,
      "snooped strings",
    ],
    [
      "r::__kmalloc(size_t size):u64:$latency/$entry(size)#ns per byte",
      "return __kmalloc",
      "size_t size",
      "u64 $latency/$entry(size)",
      none,
      "ns per byte",
    ],
    [
      "p::__kmalloc(size_t size, gfp_t flags):gfp_t,size_t:flags,size",
      "entry __kmalloc",
      "size_t size, gfp_t flags",
      "gfp_t flags, size_t size",
      none,
      none,
    ],
    ["r:c:read()", "return read", none, "", none, none],
    ["p:c:fork()#fork calls", "entry fork", none, "", none, "fork calls"],
    [
      "t:irq:irq_handler_entry():int:args->irq",
      "tracepoint irq_handler_entry",
      none,
      "int args->irq",
      none,
      none,
    ],
    ["u:pthread:pthread_start():u64:arg2", "usdt pthread_start", none, "u64 arg2", none, none],
    ["u:pthread:libpthread:pthread_start()", "usdt libpthread:pthread_start", none, "", none, none],
    [
      'r:c:open(char *file):u64:$latency/1000:STRCMP("a#b:c",$entry(file))',
      "return open",
      "char * file",
      "u64 $latency/1000",
      'STRCMP("a#b:c",$entry(file))',
      none,
    ],
    ["p:c:f(int a):int:a > 1 ? 2 : 3:a", "entry f", "int a", "int a > 1 ? 2 : 3", "a", none],
    [
      "r::__vfs_read(void *file, void *buf, size_t count):size_t:\n   $entry(count):$latency > 1000000",
      "return __vfs_read",
      "void * file, void * buf, size_t count",
      "size_t $entry(count)",
      "$latency > 1000000",
      none,
    ],
  ];
  for (const [text, ...expected] of cases) assert.deepEqual(told(text), expected, text);
  assert.deepEqual(told("r:c:read()", "histogram")[0], "return read");
});

test("parseArgdistProbe() shows each mistake", () => {
  const cases: [text: string, collection: Collection, at: number, reason: RegExp][] = [
    ["", "count", 0, /expected KIND:/],
    ["c:malloc()", "count", 0, /expected KIND:/],
    ["p:c:malloc", "count", 0, /expected KIND:/],
    ["x:c:malloc()", "count", 0, /expected p \(entry\)/],
    [":c:malloc()", "count", 0, /expected p, r, t or u/],
    ["p:c:malloc(int a", "count", 10, /never closed/],
    ["p:c:f(int a) int:a", "count", 13, /expected ":" here/],
    ["p:c:f(int a):int", "count", 16, /expected a value behind its type/],
    ["p:c:f(int a):int:", "count", 17, /expected an expression here/],
    ["p:c:f(int a)::a", "count", 13, /expected a type/],
    ["p:c:f(int a):int,u8:a", "count", 13, /one type for each value, but there are 2 and 1/],
    ["p:c:f(int a):int:a:a:a", "count", 20, /the last part/],
    ["p:c:f(int a):int[2]:a", "count", 16, /expected a type/],
    ["p:c:f(int a):int,int:a,a", "histogram", 13, /a histogram is of one number/],
    ["p:c:f(int a):char*:a", "histogram", 13, /a histogram is of one number/],
    ["p:c:f(int a)", "histogram", 12, /a histogram needs a type and a value/],
    ["t:a:b(int c):int:args->c", "count", 6, /only functions have a signature/],
    ["p:c:f(int a):int:a; b", "count", 18, /not statements/],
  ];
  for (const [text, collection, at, reason] of cases) {
    assert.throws(() => parseArgdistProbe(text, collection), (error: Error) => {
      assert.match(error.message, reason, text);
      assert.equal(error.message.split("\n").at(-1), " ".repeat(at + 2) + "^", text);
      return true;
    });
  }
});
