import { deepEqual, equal, throws } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { requires } from "../../tests/support/requires.ts";
import { perfetto } from "./perfetto.ts";
import { type TimelineEvent, type TimelineFormat, Tracks } from "./timeline.ts";
import { timelineFormat } from "./timeline_file.ts";
import { traceEvents } from "./trace_events.ts";

const app = { pid: 181, tid: 182, comm: "app" };
const EVIL = `</script>"\n\x1b\udcff`;
const evil = { pid: 9, tid: 9, comm: EVIL };
const events: TimelineEvent[] = [
  { start: 1_000_000, duration: 5_000, name: "read", who: app, args: { bytes: 3, none: null } },
  { start: 1_007_001, name: "open", who: app, args: { ok: true, lat_ms: 0.5, list: [1, 2] } },
  // It overlaps the one before.
  { start: 1_004_000, duration: 9_000, name: "fsync", who: app, args: {} },
  { start: 2 ** 52, duration: 0, name: EVIL, who: evil, args: { path: EVIL, big: 1n << 62n } },
];

function made(format: TimelineFormat): Uint8Array {
  const tracks = new Tracks(format);
  const pieces = [
    format.begin("tool", 7),
    ...events.flatMap((event) => tracks.event(event)),
    format.note("dropped 17 events", 3_000_000),
    format.end(),
  ];
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

const NAME = '</script>"\\n\\x1b\\xff';

test("Chrome's traces have a track for each thread, and lanes for what overlaps", () => {
  const text = new TextDecoder().decode(made(traceEvents()));
  const name = (kind: string, pid: number, tid: number, name: string) => ({
    ph: "M",
    name: kind,
    pid,
    tid,
    args: { name },
  });
  const common = { cat: "tool", pid: 181, tid: 182 };
  deepEqual(JSON.parse(text), [
    name("process_name", 7, 7, "ts-bcc tool"),
    name("process_name", 181, 181, "app"),
    name("thread_name", 181, 182, "app"),
    { ph: "X", name: "read", ...common, ts: 1000, dur: 5, args: { bytes: 3, none: null } },
    {
      ph: "i",
      s: "t",
      name: "open",
      ...common,
      ts: 1007.001,
      args: { ok: true, lat_ms: 0.5, list: [1, 2] },
    },
    { ph: "b", name: "fsync", ...common, ts: 1004, id: "182.1", args: {} },
    { ph: "e", name: "fsync", ...common, ts: 1013, id: "182.1" },
    name("process_name", 9, 9, NAME),
    name("thread_name", 9, 9, NAME),
    {
      ph: "X",
      name: NAME,
      cat: "tool",
      pid: 9,
      tid: 9,
      ts: 2 ** 52 / 1000,
      dur: 0,
      args: {
        path: NAME,
        path_hex: "3c2f7363726970743e220a1bff",
        big: Number(1n << 62n),
      },
    },
    { ph: "i", s: "g", name: "dropped 17 events", cat: "tool", pid: 7, tid: 7, ts: 3000 },
  ]);
  // The file may end after any line, as a JSON array without its closing bracket.
  for (const line of text.split(",\n").slice(1, -1)) JSON.parse(line);
});

test("threads are named anew when their name changes, and their pid is another's", () => {
  const lines: string[] = [];
  const tracks = new Tracks({
    ...traceEvents(),
    named: ({ pid, tid, comm }, isProcess) => {
      lines.push(`${isProcess ? "process" : "thread"} ${pid} ${tid} ${comm}`);
      return new Uint8Array();
    },
  });
  const at = (pid: number, tid: number, comm: string) =>
    tracks.event({ start: 1, name: "x", who: { pid, tid, comm }, args: {} });
  at(5, 5, "bash");
  at(5, 5, "bash");
  at(5, 5, "ls");
  at(5, 6, "worker");
  at(6, 7, "worker");
  at(6, 6, "other");
  deepEqual(lines, [
    "process 5 5 bash",
    "thread 5 5 bash",
    "process 5 5 ls",
    "thread 5 5 ls",
    "thread 5 6 worker",
    "process 6 7 worker",
    "thread 6 7 worker",
    "process 6 6 other",
    "thread 6 6 other",
  ]);
});

test("an ending that tells no format of traces is refused", () => {
  for (const path of ["x", "x.json", "perfetto-trace", "x.svg"]) {
    throws(
      () => timelineFormat(path),
      /^UsageError: --output \S+ does not tell a format of traces: end its name in \.perfetto-trace or \.trace\.json$/,
    );
  }
});

/** What of perfetto_trace.proto is written, by its public field numbers. */
const PROTO = `syntax = "proto2";
message Trace { repeated TracePacket packet = 1; }
message TracePacket {
  optional ClockSnapshot clock_snapshot = 6;
  optional uint64 timestamp = 8;
  optional uint32 trusted_packet_sequence_id = 10;
  optional TrackEvent track_event = 11;
  optional uint32 sequence_flags = 13;
  optional uint32 timestamp_clock_id = 58;
  optional TrackDescriptor track_descriptor = 60;
}
message ClockSnapshot {
  message Clock { optional uint32 clock_id = 1; optional uint64 timestamp = 2; }
  repeated Clock clocks = 1;
  optional uint32 primary_trace_clock = 2;
}
message TrackDescriptor {
  optional uint64 uuid = 1;
  optional string name = 2;
  optional ProcessDescriptor process = 3;
  optional ThreadDescriptor thread = 4;
  optional uint64 parent_uuid = 5;
}
message ProcessDescriptor { optional int32 pid = 1; optional string process_name = 6; }
message ThreadDescriptor {
  optional int32 pid = 1;
  optional int32 tid = 2;
  optional string thread_name = 5;
}
message DebugAnnotation {
  optional bool bool_value = 2;
  optional int64 int_value = 4;
  optional double double_value = 5;
  optional string string_value = 6;
  optional string name = 10;
}
message TrackEvent {
  enum Type { TYPE_UNSPECIFIED = 0; TYPE_SLICE_BEGIN = 1; TYPE_SLICE_END = 2; TYPE_INSTANT = 3; }
  repeated DebugAnnotation debug_annotations = 4;
  optional Type type = 9;
  optional uint64 track_uuid = 11;
  repeated string categories = 22;
  optional string name = 23;
}
`;

const decoded = "protoc reads Perfetto's traces by the public field numbers";
test(decoded, { skip: requires(decoded, "full", "protoc") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "timeline_test_"));
  try {
    writeFileSync(join(folder, "trace.proto"), PROTO);
    const args = ["--decode=Trace", `--proto_path=${folder}`, "trace.proto"];
    const input = made(perfetto({ realMs: 1_700_000_000_000, monotonicNs: 5_000 }));
    const { status, stdout, stderr } = spawnSync("/usr/bin/protoc", args, { input });
    deepEqual([status, String(stderr)], [0, ""]);
    const file = new URL("../../tests/testdata/timeline.txt", import.meta.url);
    if (process.env.TSBCC_UPDATE) writeFileSync(file, stdout);
    equal(String(stdout), readFileSync(file, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
