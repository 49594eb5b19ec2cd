/**
 * Where records go besides standard output.
 *
 * @module
 */

import { type Address, addressOption, optionalAddressOption } from "./address_option.ts";
import { list, number, type Option, text, UsageError, type Values } from "./options.ts";

const FILES_MAX = 1000;
const MIB_MAX = 1024 * 1024;

/** What a recording does when there is no room. */
export type RecordFull = "end" | "go-on";

/** The type of {@linkcode destinationOptions}. */
export interface DestinationOptions {
  /** `--prometheus`. */
  readonly prometheus: Option<Address | undefined>;
  /** `--web`. */
  readonly web: Option<Address | undefined>;
  /** `--labels`. */
  readonly labels: Option<readonly string[]>;
  /** `--otlp`. */
  readonly otlp: Option<string | undefined>;
  /** `--record`. */
  readonly record: Option<string | undefined>;
  /** `--record-size`. */
  readonly recordSize: Option<number | undefined>;
  /** `--record-files`. */
  readonly recordFiles: Option<number | undefined>;
  /** `--record-full`. */
  readonly recordFull: Option<RecordFull | undefined>;
}

/** Destinations of records, for every tool that traces. */
export const destinationOptions: DestinationOptions = {
  prometheus: addressOption({
    long: "prometheus",
    help: "serve metrics of what is seen, in place of printing it",
  }),
  web: optionalAddressOption({
    long: "web",
    help: "show what is seen on a live page for browsers, in place of printing it",
  }),
  labels: {
    ...list({
      long: "labels",
      meta: "KEY,…",
      help:
        "which keys of JSON are labels of metrics (default: name of the process, texts of reports)",
    }),
    parse: (value, before) => [...before, ...value.split(",")],
  } satisfies Option<readonly string[]> as Option<readonly string[]>,
  otlp: {
    long: "otlp",
    meta: "URL",
    help:
      "send what is seen to an OpenTelemetry collector (OTLP over HTTP), in place of printing it",
    initial: undefined,
    parse(value) {
      const url = URL.parse(value);
      if (url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") {
        return url.href.replace(/\/$/, "");
      }
      throw new UsageError(
        "expected a collector's address such as http://localhost:4318; who may send is told by the variable " +
          "OTEL_EXPORTER_OTLP_HEADERS",
      );
    },
  } satisfies Option<string | undefined> as Option<string | undefined>,
  record: text({
    long: "record",
    meta: "FILE",
    help: "record what is seen, in place of printing it; ts-bcc replay shows it",
  }),
  recordSize: number({
    long: "record-size",
    meta: "MIB",
    help: "begin a new file after so many MiB; FILE.1 is the one before",
    what: "a size in MiB",
    min: 1,
    max: MIB_MAX,
  }),
  recordFiles: number({
    long: "record-files",
    meta: "COUNT",
    help: "keep so many files (default 10)",
    what: "a number of files",
    min: 1,
    max: FILES_MAX,
  }),
  recordFull: {
    long: "record-full",
    meta: "end|go-on",
    help: "when the disk is full: end (default), or go on without recording",
    initial: undefined,
    parse(value) {
      if (value === "end" || value === "go-on") return value;
      throw new UsageError("expected end or go-on");
    },
  } satisfies Option<RecordFull | undefined> as Option<RecordFull | undefined>,
};

/**
 * Refuses options that only others give a meaning. Tools that print a text have none of them.
 *
 * @throws {UsageError}
 */
export function checkDestinationOptions(
  { labels, prometheus, otlp, record, recordSize, recordFiles, recordFull }: Partial<
    Values<DestinationOptions>
  >,
): void {
  if (labels?.length && prometheus === undefined && otlp === undefined) {
    throw new UsageError("--labels are those of --prometheus and --otlp");
  }
  if (record === undefined && [recordSize, recordFiles, recordFull].some((each) => each)) {
    throw new UsageError("--record-size, --record-files and --record-full are those of --record");
  }
}
