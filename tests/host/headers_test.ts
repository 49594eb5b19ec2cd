// Not in guests: it asks the C compiler about types, which struct_reads_test.ts reads there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BtfKind } from "../../bpf/btf/btf.ts";
import { kernelBtf } from "../../bpf/btf/kernel_btf.ts";
import { collectMentions } from "../../bpf/compile/headers/mentions.ts";
import { headersFor } from "../../bpf/compile/headers/tree.ts";
import { checkC } from "../support/c_compiler.ts";

const SEARCH = { folder: "/nonexistent", includes: [] };

/** The headers for a text, in a form that any C compiler can read, without libbcc's own headers. */
function headers(text: string): string {
  return headersFor(text, SEARCH).text.replace(/^#include .*$/m, "").replace(
    "#pragma clang system_header",
    "",
  );
}

test("headers from BTF hold what a program uses and nothing else", () => {
  const text = headers(`
    #include <linux/sched.h>
    int f(struct task_struct *task) { return task->real_parent->tgid; }`);
  assert.match(text, /struct task_struct \{[^}]*\bstruct task_struct \*real_parent;[^}]*\}/);
  assert.match(text, /\bint tgid;/);
  assert.doesNotMatch(text, /\bmm\b|\bsignal\b|struct cred\b/);
  assert.ok(text.length < 5000, `${text.length} characters`);
});

test("headers from BTF leave out what the text defines itself", () => {
  const text = headers(`
    struct event { int pid; };
    typedef unsigned long dev_no_t, key_serial_t;
    #define PIDTYPE_TGID 9
    enum { PIDTYPE_PID = 8 };
    struct file { int own; };
    int f(struct event *e, struct file *own, key_serial_t k) { return PIDTYPE_TGID + PIDTYPE_PID; }`);
  assert.doesNotMatch(text, /struct event \{|struct file \{|PIDTYPE|key_serial_t/);
});

test("headers from BTF hold enumerators and macros by need", () => {
  const text = headers(`int f(void) { return TCP_ESTABLISHED + AF_INET6 + S_ISDIR(3); }`);
  assert.match(text, /TCP_ESTABLISHED = 1\b/);
  assert.match(text, /#define AF_INET6 10\n/);
  assert.match(text, /#define S_IFMT /);
  assert.doesNotMatch(text, /TCP_SYN_SENT|AF_NETLINK/);
});

test("collectMentions() is not fooled by comments and strings", () => {
  const { tags, identifiers } = collectMentions(
    '/* struct one */ // struct two\nchar *s = "struct three"; struct four x;',
    SEARCH,
  );
  assert.deepEqual([...tags], ["four"]);
  assert.ok(!identifiers.has("three"));
});

const STRUCTS = [
  "task_struct",
  "mm_struct",
  "sock",
  "sk_buff",
  "inode",
  "file",
  "dentry",
  "super_block",
  "request",
  "bio",
  "net_device",
  "tcp_sock",
  "inet_sock",
  "socket",
  "cred",
  "signal_struct",
  "pid",
  "nsproxy",
  "page",
  "rq",
];

/** All members of a struct with their offsets in bytes, including members of anonymous structs. */
function members(id: number, base = 0): [name: string, offset: number][] {
  const btf = kernelBtf();
  return btf.members(id).flatMap(({ name, type, bitOffset, bitSize }): [string, number][] => {
    const end = btf.resolve(type);
    if (name !== "") return bitSize > 0 ? [] : [[name, base + bitOffset / 8]];
    const anonymous = [BtfKind.STRUCT, BtfKind.UNION].some((kind) => kind === btf.kind(end));
    return anonymous ? members(end, base + bitOffset / 8) : [];
  });
}

/**
 * C code that compiles only if each struct has the size and each member the offset that BTF has.
 */
function layoutProgram(keep: (index: number) => boolean): string {
  const btf = kernelBtf();
  const found = STRUCTS.flatMap((name) => {
    const id = btf.find(name, BtfKind.STRUCT);
    return id === undefined ? [] : [{ name, id, members: members(id).filter((_, i) => keep(i)) }];
  });
  assert.ok(found.length > 15);
  const text = found.flatMap(({ name, members }) => [
    `struct ${name} *${name}_pointer;`,
    ...members.map(([member]) => `x->${member};`),
  ]).join("\n");
  const checks = found.flatMap(({ name, id, members }) => [
    `_Static_assert(sizeof(struct ${name}) == ${btf.size(id)}, "size of ${name}");`,
    ...members.map(([member, offset]) =>
      `_Static_assert(__builtin_offsetof(struct ${name}, ${member}) == ${offset}, "${name}.${member}");`
    ),
  ]);
  return `${headers(text)}\n${checks.join("\n")}\n`;
}

test("structs from BTF have the kernel's layout, with all members", () => {
  checkC("gcc", layoutProgram(() => true), ["-w"]);
});

test("structs from BTF have the kernel's layout, with some members", () => {
  for (const prime of [2, 7, 31]) checkC("gcc", layoutProgram((i) => i % prime === 0), ["-w"]);
});
