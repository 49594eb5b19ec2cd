/** Browsers get messages for as long as they listen, without a time limit. */

import { ok } from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import { HttpServer } from "../http/http_server.ts";
import { EventClients } from "./event_clients.ts";

const PATIENCE_MS = 500;
/** Sending this many messages takes longer than the server's timeout, on any machine. */
const MESSAGES = 30;

test("a page that listens is kept, however long ago it asked", async () => {
  using clients = new EventClients();
  using server = await HttpServer.start({ host: "127.0.0.1", port: 0 }, {
    what: "events",
    byAnyName: false,
    patienceMs: PATIENCE_MS,
    answer: (_, response) => clients.add(response, []),
  });
  const timer = setInterval(() => clients.send("some", {}), 50);
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  let messages = 0;
  const asked = get(server.origin, { agent: false }, (response) => {
    response.on("data", () => {
      if (++messages === MESSAGES) asked.destroy();
    });
    response.on("error", () => {});
    response.on("close", () => resolve(messages));
  });
  asked.on("error", () => {});
  const count = await closed;
  clearInterval(timer);
  ok(count >= MESSAGES, `closed after ${count} messages`);
});
