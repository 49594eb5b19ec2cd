/**
 * The HTTP server that Prometheus asks.
 *
 * @module
 */

import type { Server } from "node:http";
import type { Address } from "../options/address_option.ts";
import { expositionFor, type Family } from "./exposition.ts";

/** A scrape takes milliseconds; who sends or reads slower than this is no Prometheus. */
const PATIENCE_MS = 10_000;
const MAX_HEADER_BYTES = 8192;
const MAX_CONNECTIONS = 32;

/** Serves metrics until it is closed. */
export class MetricsServer implements Disposable {
  /** `http://127.0.0.1:9435/metrics` */
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /**
   * Listens.
   *
   * @param families what is known when somebody asks
   * @throws {Error} when it cannot be listened there
   */
  static async start(address: Address, families: () => readonly Family[]): Promise<MetricsServer> {
    // Imported when needed: it costs every start milliseconds.
    const { createServer } = await import("node:http");
    const server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: PATIENCE_MS,
      headersTimeout: PATIENCE_MS,
      keepAliveTimeout: PATIENCE_MS,
    }, (request, response) => {
      const [status, reason] = refusal(request, address.host);
      if (status !== 200) {
        response.writeHead(status, { "content-type": "text/plain", connection: "close" });
        return void response.end(`${reason}\n`);
      }
      const { type, text } = expositionFor(request.headers.accept);
      response.writeHead(200, { "content-type": type, "cache-control": "no-store" });
      response.end(request.method === "HEAD" ? undefined : text(families()));
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.setTimeout(PATIENCE_MS, (socket) => socket.destroy());
    server.on("clientError", (_, socket) => socket.destroy());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen({ host: address.host, port: address.port }, resolve);
    await promise.catch((error) => {
      throw refused(address, error);
    });
    const { port } = server.address() as { port: number };
    return new MetricsServer(server, `http://${hostText(address.host)}:${port}/metrics`);
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const hostText = (host: string) => host.includes(":") ? `[${host}]` : host;
const isLoopback = (host: string) => host === "::1" || /^127\./.test(host);

/** What is wrong with a request, if its status is not 200. */
function refusal(
  request: {
    readonly method?: string | undefined;
    readonly url?: string | undefined;
    readonly headers: { readonly host?: string | undefined };
  },
  host: string,
): [status: number, reason: string] {
  const { method, url = "", headers } = request;
  // A page in a browser on this machine could name an address of its own that leads here.
  if (isLoopback(host) && !/^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(headers.host ?? "")) {
    return [403, "this server is asked by its address only"];
  }
  if (method !== "GET" && method !== "HEAD") return [405, "only GET is answered"];
  if (url.split("?", 1)[0] !== "/metrics") return [404, "there is /metrics only"];
  return [200, ""];
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there: choose another port",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "ports below 1024 are root's",
};

function refused(
  { host, port }: Address,
  error: { readonly code?: string; message: string },
): Error {
  const cause = CAUSES[error.code ?? ""] ?? error.message;
  return new Error(
    `Cannot serve metrics on ${hostText(host)}:${port}: ${error.code ?? "error"}: ${cause}`,
  );
}
