import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { syscallNumber } from "../../mod.ts";
import { pretend } from "../../tests/support/machine.ts";
import { findHooks } from "./pattern_hooks.ts";
import { parseTarget } from "./patterns.ts";
import { tracepointWays } from "./raw_tracepoints.ts";

const CALLS = ["enter_newuname", "enter_nothing", "exit_newuname", "exit_read", "enter_read"]
  .map((name) => `syscalls/sys_${name}`);
const EVENTS = ["sched/sched_switch", "sched/sched_waking", "kprobes/mine", "irq/a", "irq/b"];

function waysOf(places: readonly string[], answer: "yes" | "no" = "yes") {
  const machine = {
    ...pretend(),
    tracepoints: () => [...places],
    hasRawCookies: () => ({ answer }),
  };
  return tracepointWays(findHooks(parseTarget("t:*:*"), machine), machine);
}

test("tracepointWays() finds system calls by the names of their events, whatever the kernel", () => {
  const more = [...CALLS, "syscalls/sys_exit_openat"];
  const { calls, raw } = waysOf(more, "no");
  const [uname, read] = [syscallNumber("uname")!, syscallNumber("read")!];
  const returns = [[1024 + uname, 2], [1024 + read, 3]] as const;
  const openat = 1024 + syscallNumber("openat")!;
  assertEquals([...calls], [[uname, 0], ...returns, [read, 4], [openat, 5]]);
  assertEquals(raw.size, 0);
});

test("tracepointWays() takes the others as raw ones where programs can tell them apart", () => {
  assertEquals([...waysOf(EVENTS).raw.keys()], EVENTS);
  assertEquals(waysOf(EVENTS, "no").raw.size, 0);
  assertEquals(waysOf(CALLS).raw.size, 0);
});

test("tracepointWays() leaves a few to perf events", () => {
  assertEquals(waysOf(EVENTS.slice(1)).raw.size, 0);
  assertEquals(waysOf([...EVENTS, ...CALLS.slice(1)]).calls.size, 0);
});
