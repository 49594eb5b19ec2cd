/**
 * mptcpify: make programs use MPTCP instead of TCP.
 *
 * USAGE: mptcpify [-t NAME,NAME] [-p PID] [-u UID] [-d SECONDS] [-b PAGES] [--cgroup PATH]
 *                 [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--json]
 *
 *     # mptcpify -t curl,iperf3
 *     TIME      PID     COMM             IP
 *     09:04:13  7353    curl             4
 *     09:04:14  7361    iperf3           6
 *
 * While it runs, each TCP socket that a chosen program makes is an MPTCP socket, and is shown. Without -t and
 * filters all programs are chosen. A connection to a peer without MPTCP goes on as plain TCP. Sockets that
 * were there before stay what they are; those that it made stay MPTCP when it ends.
 *
 * Hooks: fmod_ret of update_socket_protocol, which came with Linux 6.6. MPTCP must be there and switched on
 * (sysctl net.mptcp.enabled), else programs cannot make sockets any more: then it refuses to start. Sockets
 * that the kernel makes for itself are left alone.
 */

import { chars, struct, u32, u8, UnsupportedError } from "../../mod.ts";
import { type Option, UsageError } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./mptcpify.bpf.o.ts";

const HOOK = "update_socket_protocol";
const ENABLED = "/proc/sys/net/mptcp/enabled";
const NAME_BYTES = 16; // TASK_COMM_LEN
const TARGETS_MAX = 64; // as in mptcpify.bpf.c
const AF_INET = 2;

const targets: Option<readonly string[]> = {
  short: "t",
  long: "targets",
  meta: "NAME,NAME",
  help: "only programs of these names, as ps -o comm shows them",
  initial: [],
  parse(value) {
    const names = value.split(",");
    const isName = (name: string) => {
      const { length } = new TextEncoder().encode(name);
      return length > 0 && length < NAME_BYTES;
    };
    if (names.length <= TARGETS_MAX && names.every(isName)) return names;
    throw new UsageError(
      `expected at most ${TARGETS_MAX} names of programs, separated by commas, of at most ` +
        `${NAME_BYTES - 1} bytes: the kernel keeps no more`,
    );
  },
};

const { pid, uid, cgroup, cgroupMap, mntnsMap, pidns } = filterOptions;

const options = { targets, pid, uid, cgroup, cgroupMap, mntnsMap, pidns, ...eventOptions } as const;

const Event = struct("event", { who: Who, family: u32, unused: u32 });

const mptcpify = defineTool({
  name: "mptcpify",
  summary: "Make programs use MPTCP instead of TCP.",
  examples: [
    ["mptcpify", "all programs"],
    ["mptcpify -t curl", "only curl"],
    ["mptcpify -t iperf3,rsync", "iperf3 and rsync"],
    ["mptcpify -p 181", "only PID 181"],
  ],
  object,
  options,
  // The tool changes what programs do: tests run it with a name that no program has.
  sample: ["-t", "nobody-is-this"],
  plan(values, machine) {
    const { answer } = machine.hasHook(`fentry:${HOOK}`);
    const feature = "make MPTCP sockets";
    if (answer === "no") {
      const reason =
        `this kernel cannot replace what ${HOOK} returns (Linux 6.6, with trampolines)`;
      throw new UnsupportedError(feature, HOOK, reason);
    }
    return eventPlan(Event, {
      load: filterSettings(values, { by_target: values.targets.length > 0 }),
      prepare(bpf) {
        if (!machine.exists(ENABLED) || machine.readText(ENABLED).trim() === "0") {
          const reason = "MPTCP is not there or switched off: set sysctl net.mptcp.enabled to 1";
          throw new UnsupportedError(feature, "MPTCP", reason);
        }
        const map = bpf.map("targets", chars(NAME_BYTES), u8);
        for (const name of values.targets) map.set(name, 1);
      },
      columns: [
        { ...clockColumn(), width: 9 },
        { head: "PID", width: 7, align: "left", value: ({ who }) => who.pid },
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        { head: "IP", value: ({ family }) => family === AF_INET ? 4 : 6 },
      ],
    });
  },
});

export default mptcpify;

if (import.meta.main) await main(mptcpify);
