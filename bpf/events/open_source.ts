/**
 * Opens the events of a map, whichever kind of buffer it is.
 *
 * @module
 */

import type { MapInfo } from "../maps/map_info.ts";
import { MapType, mapTypeName } from "../tables/map_type.ts";
import type { EventSource } from "./event_source.ts";
import { PerfBuffer, type PerfBufferOptions } from "./perf_buffer.ts";
import { RingBuffer } from "./ring_buffer.ts";

/** How events are read; all but `strict` are for perf buffers. */
export interface EventOptions extends PerfBufferOptions {
  /**
   * Whether to refuse a codec when the object declares no type to check it against. Default false.
   */
  readonly strict?: boolean;
}

/** @throws {TypeError} for a map that is neither a ring buffer nor a perf buffer */
export function requireBuffer({ name, type }: MapInfo): void {
  if (type === MapType.RINGBUF || type === MapType.PERF_EVENT_ARRAY) return;
  throw new TypeError(
    `Cannot read events from map "${name}": it is a ${
      mapTypeName(type)
    } map, not a ring buffer or a ` +
      "perf buffer",
  );
}

/** An event stream's source, and the buffer's own count of dropped events, if it has one. */
export function openSource(
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
