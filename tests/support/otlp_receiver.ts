/**
 * An OpenTelemetry collector for tests, which decodes messages by the official definitions; run by Deno.
 *
 * Prints its URL, and for each request a line of JSON: path and decoded message. The arguments say how it answers
 * requests with logs, one after another; the last argument is for all later ones, and for metrics: `ok`, a status
 * (`429` with Retry-After: 0), `close`, `never`, or `reject` for a partial success.
 *
 * @module
 */

import { createServer } from "node:http";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import process from "node:process";
import root from "npm:@opentelemetry/otlp-transformer@0.57.2/build/src/generated/root.js";

/** A message as protobufjs makes its class. */
interface MessageType {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  toObject(message: object, options: { readonly longs: typeof String }): object;
}
type Service = Readonly<Record<string, MessageType>>;

const { logs, metrics } = (root as unknown as {
  opentelemetry: {
    proto: { collector: { logs: { v1: Service }; metrics: { v1: Service } } };
  };
}).opentelemetry.proto.collector;
const REQUESTS: Readonly<Record<string, MessageType>> = {
  "/v1/logs": logs.v1.ExportLogsServiceRequest!,
  "/v1/metrics": metrics.v1.ExportMetricsServiceRequest!,
};

const answers = process.argv.slice(2);

createServer(async (request, response) => {
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(part);
  const path = request.url!;
  const type = REQUESTS[path]!;
  const isNext = answers.length > 1 && path === "/v1/logs";
  const answer = isNext ? answers.shift()! : answers.at(-1)!;
  const { "content-type": form, "content-encoding": encoding, authorization } = request.headers;
  const message = type.toObject(type.decode(gunzipSync(Buffer.concat(parts))), { longs: String });
  console.log(JSON.stringify({ path, answer, form, encoding, authorization, message }));
  if (answer === "never") return;
  if (answer === "close") return void request.socket.destroy();
  response.setHeader("retry-after", "0");
  response.statusCode = /^\d+$/.test(answer) ? Number(answer) : 200;
  response.end(
    answer === "reject" && path === "/v1/logs"
      ? logs.v1.ExportLogsServiceResponse!.encode({
        partialSuccess: { rejectedLogRecords: 5, errorMessage: "too old" },
      }).finish()
      : undefined,
  );
}).listen(0, "127.0.0.1", function (this: { address(): { port: number } }) {
  console.log(`http://127.0.0.1:${this.address().port}`);
});
