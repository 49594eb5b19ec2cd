/** A TCP congestion control in BPF (struct_ops): registered, used by connections, unregistered with its link. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Bpf, u64 } from "../../mod.ts";
import example from "../../examples/congestion_control.bpf.o.ts";
import { buildProgram, PROJECT } from "../support/build.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

/** The name in the example, and a name of the same length with this process's id. */
const [EXAMPLE, NAME] = ["tsbcc_steady", `tsbcc_${String(process.pid).padStart(8, "0")}`];

const available = () =>
  readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8").trim().split(" ");

/** The example's object with a unique name for the congestion control: both runtimes test at the same time. */
function object(): Uint8Array {
  const bytes = example.slice();
  const text = new TextDecoder("latin1").decode(bytes);
  // The struct's member `name`, padded to 16 bytes; the same text in the string table is not padded.
  const at = text.indexOf(EXAMPLE.padEnd(16, "\0"));
  assert.ok(at > 0);
  bytes.set(new TextEncoder().encode(NAME), at);
  return bytes;
}

const connect = (count: number) =>
  spawnSync(buildProgram("congestion.c"), [NAME, String(count)], { encoding: "utf8" });

test("struct_ops: a congestion control is used by exactly the connections that ask for it", () => {
  const before = held();
  {
    using bpf = Bpf.load(object(), { name: "congestion" });
    assert.ok(!available().includes(NAME));
    const [link, ...others] = bpf.attach();
    assert.deepEqual([link!.description, others], ["struct_ops tsbcc_steady", []]);
    assert.ok(available().includes(NAME));
    const { status, stdout, stderr } = connect(13);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, `${NAME}\n`.repeat(13));
    assert.equal(bpf.global("connections", u64.asNumber).value, 13);
    assert.ok(bpf.global("acknowledged", u64.asNumber).value >= 13);
    link!.close();
    assert.ok(!available().includes(NAME));
    assert.match(connect(1).stderr, /No such file or directory/);
    assert.equal(bpf.global("connections", u64.asNumber).value, 13);
  }
  assert.deepEqual(held(), before);
});

test("struct_ops: a name is taken once, and free again when its link is closed", () => {
  using bpf = Bpf.load(object(), { name: "congestion" });
  using other = Bpf.load(object(), { name: "congestion" });
  const link = bpf.attachStructOps(EXAMPLE);
  assert.throws(
    () => other.attach(),
    isBpfError("EEXIST", "the kernel has one of that name already"),
  );
  assert.deepEqual(other.links, []);
  link.close();
  using later = other.attachStructOps(EXAMPLE);
  assert.deepEqual(other.links, [later]);
  assert.ok(available().includes(NAME));
  other.close();
  assert.ok(!available().includes(NAME));
  assert.throws(
    () => bpf.attachStructOps("nothing"),
    /^TypeError: Cannot find struct_ops "nothing" in object "congestion": it has tsbcc_steady$/,
  );
  assert.throws(() => bpf.map(EXAMPLE), /open it with attachStructOps/);
});

const LINKED = "struct_ops: what is registered by a link goes with the process, however it ends";
test(LINKED, { skip: requires(LINKED, "structOpsLinks") }, async () => {
  {
    using bpf = Bpf.load(object(), { name: "congestion" });
    using link = bpf.attachStructOps(EXAMPLE);
    assert.equal(link.info.type, "STRUCT_OPS");
    link.close();
    using again = bpf.attachStructOps(EXAMPLE);
    assert.ok(again.fd !== undefined && available().includes(NAME));
  }
  using folder = new Folder();
  const [file, script] = [`${folder.path}/object.o`, `${folder.path}/script.ts`];
  writeFileSync(file, object());
  writeFileSync(
    script,
    `import { Bpf } from "${PROJECT}mod.ts";
    import { readFileSync, writeFileSync } from "node:fs";
    const bpf = Bpf.load(new Uint8Array(readFileSync("${file}")));
    bpf.attach();
    console.log("attached");
    setInterval(() => bpf.links, 1e6);\n`,
  );
  await using running = Running.start(scriptCommand(script));
  await running.find("stdout", /^attached$/m);
  assert.ok(available().includes(NAME));
  running.kill("SIGKILL");
  await running.result;
  // The kernel releases the link a moment after the process has ended.
  while (available().includes(NAME)) await new Promise((done) => setTimeout(done, 10));
});
