/**
 * Attributes of OpenTelemetry (opentelemetry/proto/common/v1/common.proto).
 *
 * @module
 */

import { escapeText, hasRawBytes, toJson } from "../output/escape.ts";
import { Message } from "../output/protobuf.ts";

const INT64_MAX = 2n ** 63n - 1n;

/** Text that is not UTF-8 is escaped, as in JSON. */
export const cleanText = (text: string): string => hasRawBytes(text) ? escapeText(text) : text;

/** An AnyValue; undefined for null, which is left out. */
function anyValue(value: unknown): Message | undefined {
  const message = new Message();
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return message.text(1, cleanText(value));
  if (typeof value === "boolean") return message.varint(2, value);
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? message.varint(3, value) : message.double(4, value);
  }
  if (typeof value === "bigint") {
    return value > INT64_MAX ? message.text(1, String(value)) : message.varint(3, value);
  }
  if (Array.isArray(value) && value.every((each) => typeof each !== "object" || each === null)) {
    const list = new Message();
    // An empty AnyValue stands for null, so that the other elements keep their index.
    for (const each of value) list.embed(1, (anyValue(each) ?? new Message()).bytes);
    return message.embed(5, list.bytes);
  }
  return message.text(1, toJson(value));
}

/** Adds a KeyValue to a message. */
export function attribute(message: Message, field: number, key: string, value: unknown): void {
  const any = anyValue(value);
  if (!any) return;
  message.embed(field, new Message().text(1, key).embed(2, any.bytes).bytes);
}

/** The process that sends telemetry. */
export interface Teller {
  readonly tool: string;
  readonly version: string;
  readonly host: string;
  readonly kernel: string;
  /** The architecture as OpenTelemetry names it. */
  readonly arch: string;
  readonly pid: number;
}

/** The Resource, as https://opentelemetry.io/docs/specs/semconv/resource names its attributes. */
export function resource({ tool, version, host, kernel, arch, pid }: Teller): Uint8Array {
  const message = new Message();
  const about = {
    ...{
      "service.name": "ts-bcc",
      "service.version": version,
      "service.instance.id": `${host}:${pid}`,
    },
    ...{ "host.name": host, "host.arch": arch, "os.type": "linux", "os.version": kernel },
    ...{ "process.pid": pid, "tsbcc.tool": tool },
  };
  for (const [key, value] of Object.entries(about)) attribute(message, 1, key, value);
  return message.bytes;
}

/** The InstrumentationScope. */
export const scope = ({ tool, version }: Teller): Uint8Array =>
  new Message().text(1, `ts-bcc/${tool}`).text(2, version).bytes;

/** The request of a service: one resource with one scope. @param records fields 2 of the scope's message */
export const request = (teller: Teller, records: Uint8Array): Uint8Array<ArrayBuffer> => {
  const inScope = new Message().embed(1, scope(teller)).append(records);
  const ofResource = new Message().embed(1, resource(teller)).embed(2, inScope.bytes);
  return new Message().embed(1, ofResource.bytes).bytes;
};
