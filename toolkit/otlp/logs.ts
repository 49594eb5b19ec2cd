/**
 * Records as log records (opentelemetry/proto/logs/v1/logs.proto).
 *
 * @module
 */

import type { RecordMembers } from "../output/destination.ts";
import { attribute } from "./attributes.ts";
import { Message } from "../output/protobuf.ts";

const INFO = 9; // SEVERITY_NUMBER_INFO
const WARN = 13;
const LOSSES: readonly string[] = ["dropped", "missed", "truncated"];

/** Adds a log record to the fields of a scope. @param name `opensnoop.event` @param time in milliseconds since 1970 */
export function addLogRecord(
  scope: Message,
  name: string,
  members: RecordMembers,
  time: number,
): void {
  const nanoseconds = BigInt(Math.round(time)) * 1_000_000n;
  const isLoss = LOSSES.some((kind) => name.endsWith(`.${kind}`));
  const record = new Message()
    .fixed64(1, nanoseconds)
    .varint(2, isLoss ? WARN : INFO)
    .text(3, isLoss ? "WARN" : "INFO")
    .embed(5, new Message().text(1, name).bytes);
  for (const [key, value] of Object.entries(members)) {
    if (key !== "time") attribute(record, 6, key, value);
  }
  record.fixed64(11, nanoseconds).text(12, name);
  scope.embed(2, record.bytes);
}
