/**
 * rdmaucma: trace the events of RDMA connections that processes make (RDMA connection manager).
 *
 * USAGE: rdmaucma [-4 | -6] [-L PORT,PORT] [-R PORT,PORT] [-d SECONDS] [-b PAGES] [-D]
 *                 [--json]
 *
 *     # rdmaucma
 *     Tracing RDMA Userspace Connection Manager Access event... Hit Ctrl-C to end.
 *     Timestamp Event            Family Local                                         Remote
 *     09:47:49  connect request  IPv4   192.0.2.77:6379                               192.0.2.78:61293
 *     09:47:49  established      IPv4   192.0.2.77:6379                               192.0.2.78:61293
 *     09:47:51  disconnected     IPv4   192.0.2.77:6379                               192.0.2.78:61293
 *
 * JSON has the status of an event as well: 0, a negative errno, or of a rejection the other side's reason.
 * The kernel tells of most events in a thread of its own, so no process is known and there is no filter by
 * process or container. An address that was not resolved yet is 0.0.0.0 or ::.
 *
 * Tested with RDMA in software (soft RoCE, module rdma_rxe) on Linux 6.1 and 6.12, not on RDMA hardware. The
 * network namespace is not told.
 *
 * Hooks: kprobe of ucma_event_handler in module rdma_ucm, which must be loaded. Connections that the kernel
 * makes for itself (NVMe, NFS, SMC over RDMA) do not come by there.
 */

import { i32, type Infer, struct, u32, u64, UnsupportedError } from "../../mod.ts";
import {
  address,
  familyOptions,
  Flow,
  flowSettings,
  ipVersion,
  ports,
} from "../../toolkit/net/flow.ts";
import {
  eventOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./rdmaucma.bpf.o.ts";

const PORTS = "PORT,PORT";
const ADDRESS_WIDTH = 45;

const options = {
  ...familyOptions,
  local: ports({
    short: "L",
    long: "localport",
    meta: PORTS,
    help: "trace these local ports only",
  }),
  remote: ports({
    short: "R",
    long: "remoteport",
    meta: PORTS,
    help: "trace these remote ports only",
  }),
  debug: programsFlag({ short: "D", long: "debug" }),
  bufferPages: eventOptions.bufferPages,
  ...standardOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  event: u32,
  status: i32,
});
type Event = Infer<typeof Event>;

/** Indexed by enum rdma_cm_event_type of include/rdma/rdma_cm.h. */
const EVENTS = [
  "address resolved",
  "address error",
  "route resolved",
  "route error",
  "connect request",
  "connect response",
  "connect error",
  "unreachable",
  "rejected",
  "established",
  "disconnected",
  "device removal",
  "multicast join",
  "multicast error",
  "address change",
  "timewait exit",
];

const end = ({ flow }: Event, end: "local" | "remote") =>
  `${address(flow, end)}:${flow[`${end}_port`]}`;

const rdmaucma = defineTool({
  name: "rdmaucma",
  summary: "Trace the events of RDMA connections that processes make.",
  examples: [
    ["rdmaucma", "trace all events of RDMA connections"],
    ["rdmaucma -L 6379", "only of connections to the local port 6379"],
  ],
  object,
  options,
  plan(values, machine) {
    if (machine.hasHook("kprobe:ucma_event_handler").answer === "no") {
      throw new UnsupportedError(
        "trace RDMA connections",
        "kprobe of ucma_event_handler",
        "there is no such function: load the module (modprobe rdma_ucm) on a kernel with kprobes",
      );
    }
    return eventPlan(Event, {
      intro: "Tracing RDMA Userspace Connection Manager Access event... Hit Ctrl-C to end.",
      load: filterSettings({}, flowSettings(values, values)),
      ...values.debug && { prepare: showPrograms },
      columns: [
        { ...clockColumn(), head: "Timestamp", key: "time", width: 9 },
        {
          head: "Event",
          width: 16,
          value: ({ event }) => EVENTS[event] ?? `event ${event}`,
        },
        {
          head: "Family",
          width: 6,
          value: ({ flow }) => ipVersion(flow),
          text: ({ flow }) => `IPv${ipVersion(flow)}`,
        },
        !values.json && {
          head: "Local",
          width: ADDRESS_WIDTH,
          value: (event) => end(event, "local"),
        },
        !values.json && { head: "Remote", value: (event) => end(event, "remote") },
        values.json && { head: "LADDR", value: ({ flow }) => address(flow, "local") },
        values.json && { head: "LPORT", value: ({ flow }) => flow.local_port },
        values.json && { head: "RADDR", value: ({ flow }) => address(flow, "remote") },
        values.json && { head: "RPORT", value: ({ flow }) => flow.remote_port },
        values.json && { head: "STATUS", value: ({ status }) => status },
      ],
    });
  },
});

export default rdmaucma;

if (import.meta.main) await main(rdmaucma);
