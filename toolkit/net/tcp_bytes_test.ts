import { deepStrictEqual } from "node:assert/strict";
import { test } from "node:test";
import { pretend } from "../../tests/support/machine.ts";
import { bytePrograms } from "./tcp_bytes.ts";

test("bytePrograms() takes tcp_recvmsg as the kernel declares it, where its tracepoints are missing", () => {
  const chosen = (parameters: readonly string[], hooks: RegExp) => {
    const machine = {
      ...pretend(),
      parametersOf: () => [...parameters],
      hasHook: (hook: string) => pretend(hooks.test(hook) ? "yes" : "no").hasHook(hook),
    };
    return Object.entries(bytePrograms(machine)).filter(([, is]) => is).map(([name]) => name)
      .sort();
  };
  const functions = /^fentry:/;
  const old = ["sk", "msg", "len", "nonblock", "flags", "addr_len"];
  const send = ["end_sendmsg", "end_sendpage"];
  deepStrictEqual(chosen(old, functions), ["end_recvmsg_nonblock", ...send]);
  deepStrictEqual(chosen(old.filter((name) => name !== "nonblock"), functions), [
    "end_recvmsg",
    ...send,
  ]);
  deepStrictEqual(chosen(old, /./), ["recv_length", "send_length"]);
});
