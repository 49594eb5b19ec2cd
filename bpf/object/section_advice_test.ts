import assert from "node:assert/strict";
import { test } from "node:test";
import { adviceFor } from "./section_advice.ts";

const CASES: Record<string, string | undefined> = {
  "xdp": "attach it with attachXdp(interface)",
  "xdp.frags": "attach it with attachXdp(interface)",
  "xdp/devmap": "put it into a map's value with its descriptor (fd)",
  "tc": 'attach it with attachTc(interface, "ingress")',
  "tcx/egress": 'attach it with attachTc(interface, "egress")',
  "classifier/drop": 'attach it with attachTc(interface, "ingress")',
  "socket": "attach it with attachRawSocket(interface) or attachSocketFilter(socket)",
  "cgroup_skb/ingress": 'attach it with attachCgroup(path, "CGROUP_INET_INGRESS")',
  "cgroup/connect4": 'attach it with attachCgroup(path, "CGROUP_INET4_CONNECT")',
  "sk_msg": 'attach it with attachSockMap(map, "SK_MSG_VERDICT")',
  "lirc_mode2": 'attach it with attachToFd(fd, "LIRC_MODE2")',
  "sk_lookup": "attach it with attachNamespace(type)",
  "lwt_xmit": "pin it and name it to ip route (encap bpf)",
  "tracepoint/sched/sched_switch": undefined,
  "kprobe": undefined,
  "toString": undefined,
};

test("adviceFor() names the method for sections without a target", () => {
  const found = Object.fromEntries(Object.keys(CASES).map((each) => [each, adviceFor(each)]));
  assert.deepEqual(found, CASES);
});
