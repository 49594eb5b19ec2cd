/**
 * `-o FILE` of tools that print events: a trace for timelines, in the format of the file's ending.
 *
 * @module
 */

import { ErrnoError } from "../../mod.ts";
import { monotonicTime, OutputFile } from "../../plumbing.ts";
import { UsageError } from "../options/options.ts";
import { complain } from "../output/complain.ts";
import { perfetto } from "./perfetto.ts";
import { type TimelineEvent, type TimelineFormat, Tracks } from "./timeline.ts";
import { traceEvents } from "./trace_events.ts";

const FORMATS: readonly (readonly [ending: string, make: () => TimelineFormat])[] = [
  [
    ".perfetto-trace",
    () => perfetto({ realMs: Date.now(), monotonicNs: monotonicTime() }),
  ],
  [".trace.json", traceEvents],
];

/** Bytes that are gathered before a write. */
const FULL_BYTES = 64 * 1024;
const PATIENCE_MS = 1000;

/** The format for a file of this name. @throws {UsageError} if no format has its ending */
export function timelineFormat(path: string): () => TimelineFormat {
  const found = FORMATS.find(([ending]) => path.endsWith(ending));
  if (found) return found[1];
  const endings = FORMATS.map(([ending]) => ending).join(" or ");
  throw new UsageError(
    `--output ${path} does not tell a format of traces: end its name in ${endings}`,
  );
}

/** A trace in a file. */
export class TimelineFile implements Disposable {
  readonly #tool: string;
  readonly #file: OutputFile;
  readonly #format: TimelineFormat;
  readonly #tracks: Tracks;
  #pieces: Uint8Array[] = [];
  #length = 0;
  #events = 0;
  #written = performance.now();
  /** Events that were dropped: they are not in the file. */
  dropped = 0;

  /** Opens the file, in place of what it held. @throws {UsageError} @throws {Error} where it cannot be written */
  constructor(tool: string, path: string) {
    this.#tool = tool;
    this.#format = timelineFormat(path)();
    this.#tracks = new Tracks(this.#format);
    this.#file = OutputFile.open(path);
    this.#file.clear();
    this.#add([this.#format.begin(tool, process.pid)]);
  }

  /** Adds an event. */
  event(event: TimelineEvent): void {
    this.#add(this.#tracks.event(event));
    this.#events++;
    if (this.#length >= FULL_BYTES) this.#write();
  }

  /** Adds something about the trace as a whole. */
  note(text: string): void {
    this.#add([this.#format.note(text, monotonicTime())]);
  }

  /** Writes what was gathered, if that is due. */
  flush(): void {
    if (performance.now() - this.#written >= PATIENCE_MS) this.#write();
  }

  /** Writes the rest. */
  end(): void {
    this.#add([this.#format.end()]);
    this.#write();
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #add(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#length += piece.length;
    }
  }

  #write(): void {
    const bytes = new Uint8Array(this.#length);
    let end = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, end);
      end += piece.length;
    }
    const events = this.#events;
    [this.#pieces, this.#length, this.#events] = [[], 0, 0];
    this.#written = performance.now();
    // Nothing is written after a gap: a reader might misinterpret it.
    if (this.dropped > 0) return void (this.dropped += events);
    try {
      this.#file.write(bytes);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      this.dropped += Math.max(events, 1);
      complain(this.#tool, `${error.message}: the trace ends here, so the tool does too`);
    }
  }
}
