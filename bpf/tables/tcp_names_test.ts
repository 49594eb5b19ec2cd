import assert from "node:assert/strict";
import { test } from "node:test";
import { BtfKind } from "../btf/btf.ts";
import { kernelBtf } from "../btf/kernel_btf.ts";
import { tcpFlagNames, tcpStateName } from "./tcp_names.ts";

test("tcpStateName() has the names that this kernel has", () => {
  const btf = kernelBtf();
  const id = btf.enumsWith(["TCP_ESTABLISHED"]).get("TCP_ESTABLISHED")!;
  assert.equal(btf.kind(id), BtfKind.ENUM);
  const type = btf.type(id)!;
  assert.ok(type.kind === "enum");
  const states = Object.entries(type.values).filter(([name]) => name !== "TCP_MAX_STATES");
  assert.ok(states.length >= 12);
  for (const [name, value] of states) assert.equal(`TCP_${tcpStateName(Number(value))}`, name);
  assert.deepEqual([tcpStateName(0), tcpStateName(99)], ["0", "99"]);
});

test("tcpFlagNames() lists the bits that are set", () => {
  assert.equal(tcpFlagNames(0x12), "SYN|ACK");
  assert.equal(tcpFlagNames(0xff), "FIN|SYN|RST|PSH|ACK|URG|ECE|CWR");
  assert.equal(tcpFlagNames(0), "");
});
