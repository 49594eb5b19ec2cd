/**
 * The HTTP server that Prometheus scrapes.
 *
 * @module
 */

import { HttpServer, type IncomingMessage, refuse } from "../http/http_server.ts";
import type { Address } from "../options/address_option.ts";
import { expositionFor } from "./exposition.ts";
import type { Family } from "./family.ts";

/** Serves metrics until it is closed. */
export class MetricsServer implements Disposable {
  /** `http://127.0.0.1:9435/metrics` */
  readonly url: string;
  readonly #server: HttpServer;

  private constructor(server: HttpServer) {
    this.#server = server;
    this.url = `${server.origin}/metrics`;
  }

  /**
   * Listens.
   *
   * @param families returns the present metrics, for each scrape
   * @throws {Error} when the address cannot be listened on
   */
  static async start(address: Address, families: () => readonly Family[]): Promise<MetricsServer> {
    return new MetricsServer(
      await HttpServer.start(address, {
        what: "metrics",
        byAnyName: true,
        answer(request, response) {
          const [status, reason] = refusal(request);
          if (status !== 200) return refuse(response, status, reason);
          const { type, body } = expositionFor(request.headers.accept);
          response.writeHead(200, { "content-type": type, "cache-control": "no-store" });
          response.end(request.method === "HEAD" ? undefined : body(families()));
        },
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#server[Symbol.dispose]();
  }
}

/** What is wrong with a request, if its status is not 200. */
function refusal({ method, url = "" }: IncomingMessage): [status: number, reason: string] {
  if (method !== "GET" && method !== "HEAD") return [405, "only GET is answered"];
  if (url.split("?", 1)[0] !== "/metrics") return [404, "there is /metrics only"];
  return [200, ""];
}
