/**
 * Traces in Perfetto's format: messages of Protocol Buffers, one after the other.
 *
 * @see https://perfetto.dev/docs/reference/synthetic-track-event
 * @module
 */

import { escapeText, toJson } from "../output/escape.ts";
import { Message } from "../output/protobuf.ts";
import type { TimelineFormat } from "./timeline.ts";

/** Field numbers of perfetto_trace.proto. */
const TRACE = { packet: 1 } as const;
const PACKET = {
  clockSnapshot: 6,
  timestamp: 8,
  sequence: 10,
  trackEvent: 11,
  sequenceFlags: 13,
  clock: 58,
  trackDescriptor: 60,
} as const;
const SNAPSHOT = { clocks: 1, primary: 2 } as const;
const CLOCK = { id: 1, timestamp: 2 } as const;
const TRACK = { uuid: 1, name: 2, process: 3, thread: 4, parent: 5 } as const;
const PROCESS = { pid: 1, name: 6 } as const;
const THREAD = { pid: 1, tid: 2, name: 5 } as const;
const EVENT = { annotations: 4, type: 9, track: 11, categories: 22, name: 23 } as const;
const ANNOTATION = { bool: 2, int: 4, double: 5, text: 6, name: 10 } as const;

const [SLICE_BEGIN, SLICE_END, INSTANT] = [1, 2, 3];
const [REALTIME, MONOTONIC] = [1, 3];
const STATE_CLEARED = 1;
const SEQUENCE = 1;
const NS_PER_MS = 1_000_000n;

/** Ids of tracks; 0 is not allowed. */
const NOTES = 1n << 61n;
const processTrack = (pid: number) => 1n << 60n | BigInt(pid);
const threadTrack = (tid: number, lane: number) => BigInt(tid) << 24n | BigInt(lane + 1);

const packet = (fill: Message) =>
  new Message().embed(TRACE.packet, fill.varint(PACKET.sequence, SEQUENCE).bytes).bytes;
const track = (uuid: bigint, fill: Message) =>
  packet(
    new Message().embed(
      PACKET.trackDescriptor,
      new Message().varint(TRACK.uuid, uuid).append(fill.bytes).bytes,
    ),
  );
const at = (time: number, event: Message) =>
  packet(
    new Message().varint(PACKET.timestamp, Math.round(time)).varint(PACKET.clock, MONOTONIC)
      .embed(PACKET.trackEvent, event.bytes),
  );

/** Perfetto's format. @param now the time on both clocks */
export function perfetto(
  now: { readonly realMs: number; readonly monotonicNs: number },
): TimelineFormat {
  let category = "";
  const clock = (id: number, time: bigint) =>
    new Message().varint(CLOCK.id, id).varint(CLOCK.timestamp, time).bytes;
  const event = (type: number, uuid: bigint) =>
    new Message().varint(EVENT.type, type).varint(EVENT.track, uuid);
  const named = (type: number, uuid: bigint, name: string) =>
    event(type, uuid).text(EVENT.categories, category).text(EVENT.name, escapeText(name));
  return {
    begin(tool) {
      category = tool;
      const clocks = new Message()
        .embed(SNAPSHOT.clocks, clock(MONOTONIC, BigInt(Math.round(now.monotonicNs))))
        .embed(SNAPSHOT.clocks, clock(REALTIME, BigInt(Math.round(now.realMs)) * NS_PER_MS))
        .varint(SNAPSHOT.primary, MONOTONIC);
      const first = packet(
        new Message().embed(PACKET.clockSnapshot, clocks.bytes)
          .varint(PACKET.sequenceFlags, STATE_CLEARED),
      );
      return joined([first, track(NOTES, new Message().text(TRACK.name, `ts-bcc ${tool}`))]);
    },
    named({ pid, tid, comm }, isProcess) {
      const name = escapeText(comm);
      if (isProcess) {
        const process = new Message().varint(PROCESS.pid, pid).text(PROCESS.name, name);
        return track(processTrack(pid), new Message().embed(TRACK.process, process.bytes));
      }
      const thread = new Message().varint(THREAD.pid, pid).varint(THREAD.tid, tid)
        .text(THREAD.name, name);
      return track(
        threadTrack(tid, 0),
        new Message().embed(TRACK.thread, thread.bytes).varint(TRACK.parent, processTrack(pid)),
      );
    },
    lane({ pid, tid, comm }, lane) {
      const name = `${escapeText(comm)} ${tid} (${lane + 1})`;
      return track(
        threadTrack(tid, lane),
        new Message().text(TRACK.name, name).varint(TRACK.parent, processTrack(pid)),
      );
    },
    event({ who: { tid }, start, duration, name, args }, lane) {
      const uuid = threadTrack(tid, lane);
      const first = named(duration === undefined ? INSTANT : SLICE_BEGIN, uuid, name);
      for (const [key, value] of Object.entries(args)) {
        if (value === null || value === undefined) continue;
        first.embed(EVENT.annotations, annotation(key, value).bytes);
      }
      if (duration === undefined) return at(start, first);
      return joined([at(start, first), at(start + duration, event(SLICE_END, uuid))]);
    },
    note: (text, time) => at(time, named(INSTANT, NOTES, text)),
    end: () => new Uint8Array(),
  };
}

function annotation(key: string, value: NonNullable<unknown>): Message {
  const message = new Message().text(ANNOTATION.name, escapeText(key));
  if (typeof value === "boolean") return message.varint(ANNOTATION.bool, value);
  if (typeof value === "bigint" || Number.isSafeInteger(value)) {
    return message.varint(ANNOTATION.int, value as bigint | number);
  }
  if (typeof value === "number") return message.double(ANNOTATION.double, value);
  return message.text(
    ANNOTATION.text,
    typeof value === "string" ? escapeText(value) : toJson(value),
  );
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const message = new Message();
  for (const piece of pieces) message.append(piece);
  return message.bytes;
}
