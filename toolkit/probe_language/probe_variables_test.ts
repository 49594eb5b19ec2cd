import assert from "node:assert/strict";
import { test } from "node:test";
import { thisMachine } from "../machine/machine.ts";
import { parseExpression } from "./expression.ts";
import type { Hook } from "./probe_hook.ts";
import { checkNames, declarations, variablesOf } from "./probe_variables.ts";

const place = { library: "c", name: "f", offset: 0 };
const HOOKS = {
  entry: { kind: "entry", ...place },
  return: { kind: "return", ...place },
  system: { kind: "entry", library: undefined, name: "sys_read", offset: 0 },
} satisfies Record<string, Hook>;

const EVENT: Hook = { kind: "tracepoint", category: "c", name: "e" };
const USDT: Hook = { kind: "usdt", library: "c", name: "p" };

function check(
  text: string,
  hook: Hook,
  variables = variablesOf(hook, undefined, thisMachine),
): void {
  const expressions = [parseExpression(text, 0, text.length)];
  checkNames(expressions, hook, variables, new Set(["arg7"]));
}

test("checkNames() knows the names that have a meaning at a hook", () => {
  check("arg1 + arg6 + $task->arg9 + $pid + $cpu + other", HOOKS.entry);
  check("retval + $retval + $uid", HOOKS.return);
  check("arg7", HOOKS.entry);
});

test("checkNames() shows those that have none", () => {
  const cases: [text: string, hook: Hook, at: number, reason: RegExp][] = [
    ["1 + retval", HOOKS.entry, 4, /^there is retval in return probes only \(r:\)$/m],
    ["$latency", HOOKS.entry, 0, /^there is \$latency in return probes only/],
    ["arg1", HOOKS.return, 0, /^there is no arg1 when a function returns$/m],
    ["arg8", HOOKS.entry, 0, /^there is no arg8 here: arg1 to arg6$/m],
    ["$x", HOOKS.return, 0, /^there is no \$x: there are \$pid, .*, \$task, \$retval$/m],
  ];
  for (const [text, hook, at, reason] of cases) {
    assert.throws(() => check(text, hook), (error: Error) => {
      assert.match(error.message, reason);
      assert.equal(error.message.split("\n").at(-1), " ".repeat(at + 2) + "^", text);
      return true;
    });
  }
  assert.throws(() => check("arg1", EVENT, {}), /a tracepoint has no arg1: use args->MEMBER/);
  assert.throws(() => check("arg2", USDT, { arg1: "" }), /there is no arg2 here: arg1 only/);
  assert.throws(() => check("arg1", USDT, {}), /there is no arg1 here: the probe has no arguments/);
});

test("declarations() declares what is used, of system calls from where they have it", () => {
  const told = (hook: Hook, ...codes: string[]) =>
    declarations(codes, variablesOf(hook, undefined, thisMachine));
  assert.deepEqual(told(HOOKS.entry, "arg2 + x->arg1"), [
    "  u64 arg1 = PT_REGS_PARM1(ctx);",
    "  u64 arg2 = PT_REGS_PARM2(ctx);",
  ]);
  assert.match(told(HOOKS.system, "arg4")[0]!, /bpf_probe_read_kernel\(.*->(r10|regs\[3\])\)/);
  assert.deepEqual(told(HOOKS.return, "((struct a *)Retval)->b"), [
    "  void *Retval = (void *)PT_REGS_RC(ctx);",
  ]);
});
