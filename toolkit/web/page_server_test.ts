/**
 * The page's server answers clients that know the token, ask from its own page and use a name or
 * address of this machine.
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { createHash } from "node:crypto";
import { request } from "node:http";
import { test } from "node:test";
import { answerPage, PageServer, postedJson } from "./page_server.ts";
import { HTML, SCRIPT, STYLE } from "./page_text.ts";

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

function ask(
  url: string | URL,
  { method = "GET", headers = {}, body }: {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
  } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asked = request(url, { method, headers, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => text += part);
    response.on(
      "end",
      () => resolve({ status: response.statusCode!, headers: response.headers, text }),
    );
  });
  asked.on("error", reject);
  asked.end(body);
  return promise;
}

async function withServer(
  body: (url: string, posted: unknown[]) => Promise<void>,
  host = "127.0.0.1",
): Promise<void> {
  const posted: unknown[] = [];
  using server = await PageServer.start({ host, port: 0 }, (path, asked, response) => {
    if (asked.method !== "POST") return void answerPage(asked, response, "tool");
    void postedJson(asked, 100).then((json) => {
      posted.push([path, json]);
      response.end("taken");
    });
  });
  await body(server.url, posted);
}

const statusOf = async (...args: Parameters<typeof ask>) => (await ask(...args)).status;

test("the page is given to who knows the token, with a policy that lets nothing else in", async () => {
  await withServer(async (url) => {
    match(url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
    const { status, headers, text } = await ask(url);
    equal(status, 200);
    const hash = (of: string) => `'sha256-${createHash("sha256").update(of).digest("base64")}'`;
    const policy = String(headers["content-security-policy"]);
    match(policy, /^default-src 'none'; /);
    equal(policy.includes("unsafe"), false);
    deepEqual(
      [hash(SCRIPT), hash(STYLE)].map((each) => policy.includes(each)),
      [true, true],
    );
    equal(text.includes(`<script>${SCRIPT}</script>`), true);
    equal(text.includes(`<style>${STYLE}</style>`), true);
    equal(headers["referrer-policy"], "no-referrer");
    equal(headers["x-content-type-options"], "nosniff");
    equal((await ask(url, { method: "HEAD" })).text, "");
    equal(await statusOf(url.slice(0, -1)), 303);
  });
});

test("nobody else is answered", async () => {
  await withServer(async (url) => {
    const token = new URL(url).pathname.slice(1, -1);
    const wrong = token.replace(/^./, (digit) => digit === "0" ? "1" : "0");
    for (const path of ["/", "/events", `/${wrong}/`, `/${token}0/`, `/${token.slice(1)}/`]) {
      equal(await statusOf(new URL(path, url)), 403, path);
    }
    equal(await statusOf(new URL(`/?token=${token}`, url)), 403);
    const { host } = new URL(url);
    // A name that could be made to resolve to this machine, and a name of this machine.
    for (const [name, status] of [["example.com", 403], [`localhost:${new URL(url).port}`, 200]]) {
      equal(await statusOf(url, { headers: { host: String(name) } }), status);
    }
    const origins = [["http://example.com", 403], [`http://${host}`, 200], ["null", 403]] as const;
    for (const [origin, status] of origins) {
      equal(await statusOf(url, { headers: { origin } }), status, origin);
    }
    equal(await statusOf(url, { headers: { "sec-fetch-site": "cross-site" } }), 403);
    equal(await statusOf(url, { headers: { "sec-fetch-site": "same-site" } }), 403);
    equal(await statusOf(url, { headers: { "sec-fetch-site": "none" } }), 200);
    equal(await statusOf(url, { method: "DELETE" }), 405);
  });
});

test("something is told by the page itself alone, as JSON that is not large", async () => {
  await withServer(async (url, posted) => {
    const start = new URL("start", url);
    const origin = url.slice(0, url.indexOf("/", 8));
    const json = { "content-type": "application/json", origin };
    const post = (headers: Record<string, string>, body = '{"a":1}') =>
      statusOf(start, { method: "POST", headers, body });
    equal(await post({ "content-type": "application/json" }), 403);
    equal(await post({ ...json, origin: "http://example.com" }), 403);
    equal(await post({ origin, "content-type": "text/plain" }), 415);
    deepEqual(posted, []);
    equal(await post(json), 200);
    equal(await post(json, "{"), 200);
    equal(await post(json, JSON.stringify("x".repeat(200))), 200);
    deepEqual(posted, [["start", { a: 1 }], ["start", undefined], ["start", undefined]]);
  });
});

test("on an address that others can ask, only addresses and this machine's name are taken", async () => {
  await withServer(async (url) => {
    const { port, pathname } = new URL(url);
    const local = `http://127.0.0.1:${port}${pathname}`;
    for (const [host, status] of [["10.0.0.1:80", 200], ["[fd00::1]", 200], ["evil.test", 403]]) {
      equal(await statusOf(local, { headers: { host: String(host) } }), status, String(host));
    }
  }, "0.0.0.0");
});

test("the page asks nobody else for anything", () => {
  const text = HTML + STYLE + SCRIPT;
  const others = text.match(/(https?:)?\/\/[\w.-]+\.\w+/g) ?? [];
  // The namespace URI of SVG in the icon is not requested from anywhere.
  deepEqual(others.filter((each) => each !== "http://www.w3.org"), []);
  equal(
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/.test(text),
    false,
  );
});
