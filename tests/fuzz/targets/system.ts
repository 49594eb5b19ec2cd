/**
 * Fuzz targets: readers of data from the kernel and the network, and of events.
 *
 * @module
 */

import { structOf } from "../../../bpf/compile/tracepoint_struct.ts";
import { containerOf, containerPath, podOf } from "../../../bpf/proc/cgroup.ts";
import { librariesIn } from "../../../bpf/proc/library_path.ts";
import { parseFields } from "../../../bpf/tracefs/kernel_functions.ts";
import { droppedEvents, parseTraceLine } from "../../../bpf/tracefs/trace_line.ts";
import {
  array,
  bool,
  BpfError,
  bytes as bytesCodec,
  chars,
  type Codec,
  i32,
  i64,
  ipv4,
  ipv6,
  struct,
  u16,
  u32,
  u64,
  u8,
} from "../../../mod.ts";
import type { ProcessMemory } from "../../../mod.ts";
import { escapeText, toJson } from "../../../toolkit/output/escape.ts";
import { RubyClasses } from "../../../tools/rubyallocs/classes.ts";
import { LAYOUTS } from "../../../toolkit/languages/ruby_layout.ts";
import { parseDnsAnswer } from "../../../toolkit/net/dns_message.ts";
import { DnsStreams } from "../../../toolkit/net/dns_streams.ts";
import { type AnyTarget, isOurRange, must, Refused, type Target } from "../target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const bytesOf = (text: string): Bytes => new TextEncoder().encode(text);

const traceLine: Target<string> = {
  name: "trace_pipe",
  what: "lines of trace_pipe",
  samples: () =>
    [
      "           <...>-123     [001] d..31  1234.567890: bpf_trace_printk: text",
      "    a-1 b [0]-123     (  122) [001] d..31  1234.567890: bpf_trace_printk: text",
      "            sshd-7       [000] .... 99.000001: 0x00000001: text",
      "CPU:0 [LOST 7 EVENTS]",
      " ".repeat(20_000),
    ].map((value) => ({ value })),
  words: ["-1 ", " [0] ", "(  1) ", "....", " 1.0: ", "0: ", "CPU:", "-1-1-1-1"],
  run(text) {
    const line = parseTraceLine(text);
    if (!line && droppedEvents(text) === 0) throw new Refused();
    must(!line || text.endsWith(line.message), "a message is not what was written");
    must(droppedEvents(text) >= 0, "events were dropped that never were");
  },
};

const format: Target<string> = {
  name: "format",
  what: "format files of tracepoints",
  samples: () => [{
    value: [
      "name: sched_switch",
      "ID: 300",
      "format:",
      "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;",
      "",
      "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;",
      "\tfield:__data_loc char[] name;\toffset:24;\tsize:4;\tsigned:0;",
      "\tfield:const char * text;\toffset:32;\tsize:8;\tsigned:0;",
      "\tfield:enum xfs_group_type type;\toffset:40;\tsize:1;\tsigned:0;",
      "\tfield:u8 saddr[4];\toffset:41;\tsize:4;\tsigned:0;",
      "\tfield:__rel_loc cpumask_t mask;\toffset:48;\tsize:4;\tsigned:0;",
      "",
      'print fmt: "prev_comm=%s", REC->prev_comm',
      "",
    ].join("\n"),
  }, {
    value: "\tfield:c#n * a;\toffset:8;\tsize:8;\tsigned:0;\n" +
      "\tfield:__data_loc char[] b#;\toffset:16;\tsize:4;\tsigned:0;\n",
  }, { value: `\tfield:${"unsigned ".repeat(3000)};` }],
  words: [
    "\tfield:",
    ";\toffset:",
    ";\tsize:",
    ";\tsigned:",
    "[16]",
    "* ",
    "const ",
    "__data_loc ",
    "int ",
  ],
  isRefusal: isOurRange,
  run(text) {
    const fields = parseFields(text);
    const definition = structOf("tracepoint__a__b", fields, () => undefined);
    must(!/[#\n]/.test(definition), "a struct leaves its line");
  },
};

const cgroup: Target<string> = {
  name: "container",
  what: "the container and the pod in a cgroup's path",
  samples: () =>
    [
      `/docker/${"0123456789abcdef".repeat(4)}`,
      `/kubepods.slice/pod1.slice/cri-containerd-${"fedcba9876543210".repeat(4)}.scope`,
      "/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/" + "0123456789abcdef".repeat(4),
      "/kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice/x.scope",
      `0::/machine.slice/machine-libpod_pod_${"0123456789abcdef".repeat(4)}.slice\n3:cpu:/a`,
    ].map((value) => ({ value })),
  words: ["/", ".scope", "docker-", "0123456789abcdef".repeat(4), ":"],
  run(text) {
    must(/^[0-9a-f]{12}$/.test(containerOf(text) ?? "0".repeat(12)), "an id has no 12 digits");
    must(/^[0-9a-f-]{12,36}$/.test(podOf(text) ?? "0".repeat(12)), "a pod has another form");
    const path = containerPath(text);
    must(path === undefined || text.includes(path), "a path is none of the text's");
  },
};

const dns: Target<Bytes> = {
  name: "dns",
  what: "answers of name servers",
  samples: () => [{
    value: Uint8Array.fromHex(
      "123481800001000300000000" + "03777777076578616d706c6503636f6d0000010001" +
        "c00c000500010000003c0006036162630010" + "c00c000100010000003c00045db8d822" +
        "c00c001c00010000003c001020010db8000000000000000000000001",
    ),
  }, {
    value: Uint8Array.fromHex(
      "1234818000010001000000000137013201300331393207696e2d6164647204617270610000" +
        "0c0001c00c000c00010000003c00040161c010",
    ),
  }],
  run(message) {
    const answer = parseDnsAnswer(message);
    if (!answer) throw new Refused();
    for (const name of [answer.name, ...answer.names.values()]) {
      must(name.length <= 255, "a name is longer than names can be");
    }
    for (const address of answer.names.keys()) {
      must(/^[0-9a-f.:]+$/.test(address), `an address is ${address}`);
    }
    must(answer.names.size <= message.length, "there are too many addresses");
    const [first, second] = [
      message.slice(0, message.length / 2),
      message.slice(message.length / 2),
    ];
    const streams = new DnsStreams();
    const whole = [...streams.add("one", first), ...streams.add("one", second)];
    must(
      whole.every(({ length }) => length < message.length),
      "a message is longer than its stream",
    );
  },
};

function cacheFile(): Bytes {
  const strings = "libssl.so.3\0/usr/lib/libssl.so.3\0";
  const value = new Uint8Array(48 + 24 * 2 + strings.length);
  value.set(bytesOf("glibc-ld.so.cache1.1"));
  const view = new DataView(value.buffer);
  view.setUint32(20, 2, true);
  [48, 72].forEach((at) =>
    [process.arch === "arm64" ? 0x0a03 : 0x0303, 96, 108].forEach((word, i) =>
      view.setUint32(at + 4 * i, word, true)
    )
  );
  value.set(bytesOf(strings), 96);
  return value;
}

const libraries: Target<Bytes> = {
  name: "ld_cache",
  what: "/etc/ld.so.cache",
  samples: () => {
    const odd = cacheFile();
    odd.fill(0xff, 20, 24); // says that it has more entries than fit
    return [{ value: cacheFile() }, { value: odd }];
  },
  run(bytes) {
    must(librariesIn(bytes).length <= bytes.length / 24, "there are more libraries than entries");
  },
};

const Event = struct("event", {
  time: u64,
  pid: u32,
  flags: u16,
  kind: u8,
  isLast: bool,
  result: i32,
  local: ipv4,
  remote: ipv6,
  comm: chars(16),
  path: chars(40),
  hash: bytesCodec(8),
  counts: array(i64, 2),
});

const event: Target<Bytes> = {
  name: "event",
  what: "events, as rows and as JSON",
  samples: () => [
    { value: new Uint8Array(Event.size) },
    { value: Uint8Array.from({ length: Event.size }, (_, i) => 0x41 + i % 26) },
    { value: bytesOf("\u{10ffff}\ud7ff\ufffe\u2028é".repeat(12)) },
  ],
  run(bytes) {
    const whole = new Uint8Array(Event.size);
    whole.set(bytes.subarray(0, Event.size));
    const value = (Event as Codec<Record<string, unknown>>).read(new DataView(whole.buffer), 0);
    const json = toJson(value);
    // deno-lint-ignore no-control-regex
    must(!/[\p{Cs}\x00-\x1f\x7f-\x9f]/u.test(json), "JSON holds what is no text");
    JSON.parse(json);
    for (const text of [value.comm, value.path] as string[]) {
      const shown = escapeText(text);
      must(!/[\p{Cc}\p{Cs}\u2028\u202e]/u.test(shown), "a row holds what moves a cursor");
    }
  },
};

/** A process's memory that holds given bytes at address 0x10000. */
class FakeMemory {
  readonly pid = 1;
  readonly #bytes: Bytes;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  read(address: bigint, size: number): Bytes {
    const at = Number(BigInt.asUintN(64, address)) - 0x10000;
    if (at >= 0 && at + size <= this.#bytes.length) return this.#bytes.slice(at, at + size);
    throw new BpfError("read", `read ${size} bytes`, 14);
  }

  word(address: bigint): bigint {
    return new DataView(this.read(address, 8).buffer).getBigUint64(0, true);
  }
}

/** Memory of Ruby 3.3 with a class and its name. */
function rubyMemory(): Bytes {
  const value = new Uint8Array(1024);
  const view = new DataView(value.buffer);
  const word = (at: number, number: bigint) => view.setBigUint64(at, number, true);
  word(0, 2n); // T_CLASS
  word(8, 0x10000n);
  word(16, 0n);
  word(32 + 120, 0x10200n); // its path
  word(0x200, 5n); // a String
  word(0x208, 0x10000n);
  word(0x210, 6n);
  value.set(bytesOf("Object"), 0x218);
  word(0x300, 2n | 1n << 12n); // a singleton class
  word(0x308, 0x10000n);
  word(0x310, 0x10000n);
  word(0x300 + 32 + 96, 0x10000n);
  return value;
}

const ruby: Target<Bytes> = {
  name: "ruby",
  what: "classes in the memory of a Ruby",
  samples: () => [{ value: rubyMemory() }],
  isRefusal: (error) => isOurRange(error) || error instanceof BpfError,
  run(bytes) {
    const memory = new FakeMemory(bytes) as unknown as ProcessMemory;
    const classes = new RubyClasses(memory, LAYOUTS["3.3"]!, 0x10000n);
    for (const klass of [0x10000n, 0x10300n, 0x10200n, 0n, 0x10008n]) {
      must((classes.name(klass)?.length ?? 0) <= 2 ** 16, "a name is too long");
    }
  },
};

/** Readers of data from the system. */
export const SYSTEM_TARGETS: readonly AnyTarget[] = [
  traceLine,
  format,
  cgroup,
  dns,
  libraries,
  event,
  ruby,
];
