/**
 * Metrics as Protocol Buffers (io/prometheus/client/metrics.proto of client_model): the one format with native histograms.
 *
 * @module
 */

import { Message } from "../output/protobuf.ts";
import { type Distribution, type Family, type NativeBuckets, ZERO_THRESHOLD } from "./family.ts";

const TYPES = { counter: 0, gauge: 1, histogram: 4 } as const;
/** Buckets double. */
const SCHEMA = 0;
/** Fields of a metric by its type. */
const FIELDS = { counter: 3, gauge: 2, histogram: 7 } as const;
/** Fields of a histogram. */
const NEGATIVE = { spans: 9, deltas: 10 } as const;
const POSITIVE = { spans: 12, deltas: 13 } as const;

/** The messages of all metrics, each after its length. */
export function protobufBody(families: readonly Family[]): Uint8Array<ArrayBuffer> {
  const all = new Message();
  for (const family of families) {
    const metrics = metricsOf(family);
    if (metrics.length === 0) continue;
    const { name, type, help } = family;
    // Counters have the name of their samples, as in the older text format.
    const message = new Message().text(1, type === "counter" ? `${name}_total` : name).text(2, help)
      .varint(3, TYPES[type]);
    for (const each of metrics) message.embed(4, each.bytes);
    all.delimited(message.bytes);
  }
  return all.bytes;
}

function metricsOf(family: Family): Message[] {
  if (family.type !== "histogram") {
    return family.samples.map(({ labels, value }) =>
      labelled(labels).embed(FIELDS[family.type], new Message().double(1, value).bytes)
    );
  }
  return family.distributions.map((each) =>
    labelled(each.labels).embed(FIELDS.histogram, histogram(each).bytes)
  );
}

function labelled(labels: Distribution["labels"]): Message {
  const metric = new Message();
  for (const [name, value] of labels) {
    metric.embed(1, new Message().text(1, name).text(2, value).bytes);
  }
  return metric;
}

/**
 * A histogram's message. The kernel side keeps no sums: NaN says that the sum is not known, where 0
 * would be wrong.
 */
function histogram({ count, buckets, native }: Distribution): Message {
  const message = new Message().varint(1, count).double(2, NaN);
  let upTo = 0;
  for (const [bound, each] of buckets ?? []) {
    upTo += each;
    message.embed(3, new Message().varint(1, upTo).double(2, bound).bytes);
  }
  if (!native) return message;
  message.zigzag(5, SCHEMA).double(6, ZERO_THRESHOLD).varint(7, native.zero);
  side(message, native.negative, NEGATIVE);
  side(message, native.positive, POSITIVE);
  return message;
}

/** Spans of slots in a row with the gaps before them; the first count, and how much each differs from the one before. */
function side(
  message: Message,
  slots: NativeBuckets["positive"],
  { spans, deltas }: typeof POSITIVE | typeof NEGATIVE,
): void {
  let end = 0;
  for (let i = 0; i < slots.length;) {
    const first = slots[i]![0];
    let length = 1;
    while (slots[i + length]?.[0] === first + length) length++;
    const span = new Message().zigzag(1, first - end).varint(2, length);
    message.embed(spans, span.bytes);
    end = first + length;
    i += length;
  }
  const differences = slots.map(([, count], i) => count - (slots[i - 1]?.[1] ?? 0));
  if (slots.length > 0) message.packedZigzag(deltas, differences);
}
