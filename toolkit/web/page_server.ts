/**
 * Serves the page to clients that know its token. It runs as root: its clients see what the machine
 * does, and with `ts-bcc web` can start tools.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import {
  HttpServer,
  type IncomingMessage,
  isLoopback,
  ownName,
  refuse,
  type ServerResponse,
} from "../http/http_server.ts";
import type { Address } from "../options/address_option.ts";

const TOKEN_BYTES = 16;

/** What a page shows: one tool, or the list of all. */
export type PageMode = "tool" | "run" | "list";

/** Answers a request by its path behind the token: `events`. */
export type Answer = (path: string, request: IncomingMessage, response: ServerResponse) => void;

/** Serves the page until it is closed. */
export class PageServer implements Disposable {
  /** `http://127.0.0.1:9436/0123456789abcdef0123456789abcdef/` */
  readonly url: string;
  readonly #server: HttpServer;

  private constructor(server: HttpServer, url: string) {
    this.#server = server;
    this.url = url;
  }

  /**
   * Starts listening.
   * @param answer handles requests that have the token
   * @throws {Error} when it cannot
   */
  static async start(address: Address, answer: Answer): Promise<PageServer> {
    const { randomBytes, timingSafeEqual } = process.getBuiltinModule("node:crypto");
    const token = randomBytes(TOKEN_BYTES).toString("hex");
    const isToken = (text: string) =>
      text.length === token.length && timingSafeEqual(bytesOf(text), bytesOf(token));
    const server = await HttpServer.start(address, {
      what: "the page",
      byAnyName: false,
      answer(request, response) {
        const [, first = "", path] = /^\/([^/?]*)(?:\/([^?]*))?/.exec(request.url ?? "") ?? [];
        const why = refusal(request);
        if (why) return refuse(response, ...why);
        if (!isToken(first)) {
          return refuse(response, 403, "the address ends with a token, which the tool has told");
        }
        if (path === undefined) return redirect(response, `/${token}/`);
        answer(path, request, response);
      },
    });
    return new PageServer(server, `${await shownOrigin(server.origin, address)}/${token}/`);
  }

  [Symbol.dispose](): void {
    this.#server[Symbol.dispose]();
  }
}

/** One byte per character, so that lengths agree for timingSafeEqual(). */
const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);

/** The origin to print; for a wildcard address with this machine's name. */
async function shownOrigin(origin: string, { host }: Address): Promise<string> {
  if (isLoopback(host) || !/^(0\.0\.0\.0|::)$/.test(host)) return origin;
  const name = await ownName();
  return name === "" ? origin : `http://${name}${/:\d+$/.exec(origin)![0]}`;
}

/**
 * Why a request is refused, whatever its path. Besides the token, the headers that browsers set (Origin, Sec-Fetch-Site)
 * must not name another site.
 */
function refusal(
  { method = "", headers }: IncomingMessage,
): readonly [status: number, reason: string] | undefined {
  const { host, origin, "sec-fetch-site": site } = headers;
  if (!["GET", "HEAD", "POST"].includes(method)) return [405, "only GET and POST are answered"];
  const isOwn = origin === `http://${host}`;
  if (origin !== undefined && !isOwn || site === "cross-site" || site === "same-site") {
    return [403, "this server is asked by its own page only"];
  }
  if (method !== "POST") return undefined;
  if (!isOwn) return [403, "this server is told something by its own page only"];
  const isJson = headers["content-type"] === "application/json";
  return isJson ? undefined : [415, "only JSON is taken"];
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location, "cache-control": "no-store" });
  response.end();
}

/** The page, and what it may do. */
interface Page {
  readonly html: string;
  readonly policy: string;
}

let page: Promise<Page> | undefined;

/** Reads the page. It is imported at the first request, because it takes memory. */
async function readPage(): Promise<Page> {
  const { HTML, SCRIPT, STYLE } = await import("./page_text.ts");
  const { createHash } = process.getBuiltinModule("node:crypto");
  const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  // The page loads nothing from elsewhere, and browsers accept its own script and style only.
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(SCRIPT)}`,
    `style-src ${hashOf(STYLE)}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  // Functions, because `$` has a meaning in replacement strings.
  return {
    html: HTML.replace("</style>", () => `${STYLE}</style>`)
      .replace("</script>", () => `${SCRIPT}</script>`),
    policy,
  };
}

/** Answers with the page. */
export async function answerPage(
  { method }: IncomingMessage,
  response: ServerResponse,
  mode: PageMode,
): Promise<void> {
  const { html, policy } = await (page ??= readPage());
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  });
  response.end(method === "HEAD" ? undefined : html.replace("{{mode}}", mode));
}

/** Answers the requests of a tool's page. */
export function answerTool(
  listen: (request: IncomingMessage, response: ServerResponse) => void,
  mode: PageMode = "tool",
): Answer {
  return (path, request, response) => {
    if (request.method === "POST") return refuse(response, 405, "nothing is told to this page");
    if (path === "") return void answerPage(request, response, mode);
    if (path === "events") return listen(request, response);
    refuse(response, 404, "there is the page only");
  };
}

/** The JSON in the body of a POST; undefined if it is invalid or larger than `most` bytes. */
export async function postedJson(request: IncomingMessage, most: number): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > most) return undefined;
    parts.push(part);
  }
  try {
    return JSON.parse(process.getBuiltinModule("node:buffer").Buffer.concat(parts).toString());
  } catch {
    return undefined;
  }
}
