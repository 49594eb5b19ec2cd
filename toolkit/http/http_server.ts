/**
 * The HTTP server of tools. It checks the Host header, so that a web site cannot reach it by a host
 * name that resolves to this machine (DNS rebinding), and drops clients that send or read too
 * slowly.
 *
 * @module
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Address } from "../options/address_option.ts";

/** Requests take milliseconds: a client slower than this is no browser and no Prometheus. */
const PATIENCE_MS = 10_000;
const MAX_HEADER_BYTES = 8192;
const MAX_CONNECTIONS = 32;

/** What is served, and to whom. */
export interface Service {
  /** For errors: `metrics`. */
  readonly what: string;
  /**
   * Whether the Host header may have any name when the server listens beyond loopback. Otherwise it must be an IP
   * address, `localhost` or the machine's own name; on loopback, always a loopback address or `localhost`.
   */
  readonly byAnyName: boolean;
  /** Milliseconds after which a request that goes no further is ended. Default 10,000. */
  readonly patienceMs?: number;
  /** Answers a request. */
  answer(request: IncomingMessage, response: ServerResponse): void;
}

/** What an answer is made of. */
export type { IncomingMessage, ServerResponse };

/** Listens until it is closed. */
export class HttpServer implements Disposable {
  /** `http://127.0.0.1:9435` */
  readonly origin: string;
  readonly #server: Server;

  private constructor(server: Server, origin: string) {
    this.#server = server;
    this.origin = origin;
  }

  /** Starts listening. @throws {Error} when the address cannot be listened on */
  static async start(address: Address, service: Service): Promise<HttpServer> {
    // Imported when needed: it costs every start milliseconds.
    const { createServer } = await import("node:http");
    const { patienceMs = PATIENCE_MS } = service;
    const isOwnHost = await hostCheck(address.host, service.byAnyName);
    const server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: patienceMs,
      headersTimeout: patienceMs,
      keepAliveTimeout: patienceMs,
    }, (request, response) => {
      if (isOwnHost(request.headers.host)) return service.answer(request, response);
      refuse(response, 403, "this server is asked by its address only");
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.setTimeout(patienceMs, (socket) => socket.destroy());
    server.on("clientError", (_, socket) => socket.destroy());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen({ host: address.host, port: address.port }, resolve);
    await promise.catch((error) => {
      throw cannotListen(address, service.what, error);
    });
    const { port } = server.address() as { port: number };
    return new HttpServer(server, `http://${hostText(address.host)}:${port}`);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Answers with a status and one sentence. */
export function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(`${reason}\n`);
}

const hostText = (host: string) => host.includes(":") ? `[${host}]` : host;

/** Whether an address is reached by programs of this machine only. */
export const isLoopback = (host: string): boolean => host === "::1" || /^127\./.test(host);

/**
 * Makes the function that tells whether a Host header names this machine. The host name of a web
 * site could be made to resolve to this machine (DNS rebinding), so other names are refused; an IP
 * address cannot be rebound.
 */
async function hostCheck(
  host: string,
  byAnyName: boolean,
): Promise<(header: string | undefined) => boolean> {
  const local = /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/i;
  if (isLoopback(host)) return (header = "") => local.test(header);
  if (byAnyName) return () => true;
  const own = (await ownName()).toLowerCase();
  const address = /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])(:\d+)?$/i;
  return (header = "") =>
    local.test(header) || address.test(header) ||
    own !== "" && header.toLowerCase().replace(/:\d+$/, "") === own;
}

/** The name of this machine; empty where this process may not read it. */
export async function ownName(): Promise<string> {
  try {
    return (await import("node:os")).hostname();
  } catch {
    return ""; // an executable of one tool has no permission of Deno to ask
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there: choose another port",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "ports below 1024 are root's",
};

function cannotListen(
  { host, port }: Address,
  what: string,
  error: { readonly code?: string; message: string },
): Error {
  const cause = CAUSES[error.code ?? ""] ?? error.message;
  return new Error(
    `Cannot serve ${what} on ${hostText(host)}:${port}: ${error.code ?? "error"}: ${cause}`,
  );
}
