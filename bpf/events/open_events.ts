/**
 * Opens the events of a map, whichever kind of buffer it is.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { eventCodec, type EventTypes } from "../maps/map_codec.ts";
import type { MapInfo } from "../maps/map_info.ts";
import { MapType, mapTypeName } from "../tables/map_type.ts";
import type { EventSource } from "./event_source.ts";
import { type EventStream, newEventStream } from "./event_stream.ts";
import { PerfBuffer, type PerfBufferOptions } from "./perf_buffer.ts";
import { RingBuffer } from "./ring_buffer.ts";

/** How events are read; all but `strict` are for perf buffers. */
export interface EventOptions extends PerfBufferOptions {
  /**
   * Whether to refuse a codec when the object declares no type to check it against. Default false.
   */
  readonly strict?: boolean;
}

/** What is needed from the owner of a buffer. */
export interface BufferOwner extends Omit<EventTypes, "strict"> {
  /** The count of dropped events that programs keep for a ring buffer. */
  droppedBy?(buffer: string): () => number | undefined;
  /** Registers the stream to be closed with the owner; the returned function removes it again. */
  own(stream: Disposable): () => void;
}

/**
 * The events of a buffer; without a codec those of the type that it declares.
 *
 * @throws {LayoutError} when the codec does not match
 * @throws {TypeError} for a map that is no buffer
 */
export function openEvents(
  info: MapInfo,
  owner: BufferOwner,
  codec: Codec<unknown> | undefined,
  { strict = false, ...options }: EventOptions,
): EventStream<unknown> {
  requireBuffer(info);
  const { btf, isCompiled } = owner;
  const checked = eventCodec(info, { btf, isCompiled, strict }, codec);
  const { source, dropped = owner.droppedBy?.(info.name) ?? (() => undefined) } = openSource(
    info,
    options,
  );
  const stream: EventStream<unknown> = newEventStream(source, checked, dropped, () => release());
  const release = owner.own(stream);
  return stream;
}

/** @throws {TypeError} for a map that is neither a ring buffer nor a perf buffer */
function requireBuffer({ name, type }: MapInfo): void {
  if (type === MapType.RINGBUF || type === MapType.PERF_EVENT_ARRAY) return;
  throw new TypeError(
    `Cannot read events from map "${name}": it is a ${
      mapTypeName(type)
    } map, not a ring buffer or a ` +
      "perf buffer",
  );
}

/** An event stream's source, and the buffer's own count of dropped events, if it has one. */
function openSource(
  info: MapInfo,
  options: PerfBufferOptions,
): { readonly source: EventSource; readonly dropped?: () => number } {
  if (info.type === MapType.PERF_EVENT_ARRAY) {
    const buffer = new PerfBuffer(info, options);
    return { source: buffer, dropped: () => buffer.dropped };
  }
  if (Object.keys(options).length > 0) {
    throw new TypeError(
      `Cannot open ring buffer "${info.name}" with options: they are a perf buffer's`,
    );
  }
  return { source: new RingBuffer(info.fd, info.maxEntries) };
}
