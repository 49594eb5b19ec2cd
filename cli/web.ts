/**
 * `ts-bcc web`: serves a page that starts and stops tools, and shows their output.
 *
 * @module
 */

import { prepareToWait } from "../plumbing.ts";
import { parseAddress } from "../toolkit/options/address_option.ts";
import { type Options, spelling, UsageError } from "../toolkit/options/options.ts";
import { type IncomingMessage, refuse, type ServerResponse } from "../toolkit/http/http_server.ts";
import { remark } from "../toolkit/output/complain.ts";
import { Stop } from "../toolkit/run/stop.ts";
import { EventClients, eventText } from "../toolkit/web/event_clients.ts";
import type { ListedTool } from "../toolkit/web/messages.ts";
import { answerPage, answerTool, PageServer, postedJson } from "../toolkit/web/page_server.ts";
import { type Commands, namesOf, type Tools } from "./names.ts";
import { ownCommand } from "./own_command.ts";
import { ToolRuns } from "./tool_runs.ts";

const NAME = "ts-bcc";
/** The shortest time between two updates of the list of running tools. */
const TELL_MS = 150;
const MAX_POSTED = 16_384;

/** Serves the page until a signal; then ends all tools. @throws {UsageError} */
export async function web(
  tools: Tools,
  commands: Commands,
  words: readonly string[],
): Promise<void> {
  const [word = "0", more] = words;
  if (more !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(more)}`);
  const address = parseAddress(word);
  prepareToWait();
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  using _stop = new Stop(resolve);
  using desk = new Desk(tools, commands);
  using server = await PageServer.start(address, (...asked) => desk.answer(...asked));
  remark(`${NAME}: the page is at ${server.url}`);
  await stopped;
  await desk.close();
}

/** Answers the HTTP requests of the page. */
class Desk implements Disposable {
  readonly #tools: Tools;
  readonly #commands: Commands;
  readonly #clients = new EventClients();
  readonly #runs: ToolRuns;
  #listed: Promise<string> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tools: Tools, commands: Commands) {
    this.#tools = tools;
    this.#commands = commands;
    this.#runs = new ToolRuns(tools, commands, ownCommand(), () => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#clients.send("runs", { runs: this.#runs.listed });
      }, TELL_MS);
    });
  }

  answer(path: string, request: IncomingMessage, response: ServerResponse): void {
    const [, id, below] = /^run\/(\d{1,9})\/(.*)$/.exec(path) ?? [];
    if (id !== undefined) return this.#answerRun(Number(id), below!, request, response);
    if (request.method === "POST") return void this.#take(path, request, response);
    if (path === "") return void answerPage(request, response, "list");
    if (path === "events") return void this.#listen(response);
    refuse(response, 404, "there is the page only");
  }

  async #listen(response: ServerResponse): Promise<void> {
    const tools = await (this.#listed ??= listed(this.#tools, this.#commands));
    this.#clients.add(response, [tools, eventText("runs", { runs: this.#runs.listed })]);
  }

  /** Proxies the event stream that the tool itself serves. */
  #answerRun(id: number, path: string, request: IncomingMessage, response: ServerResponse): void {
    answerTool((_, to) => {
      const url = this.#runs.get(id)?.url;
      if (url === undefined) return refuse(to, 404, "this tool has ended");
      passOn(new URL("events", url), to);
    }, "run")(path, request, response);
  }

  async #take(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const posted = await postedJson(request, MAX_POSTED).catch(() => undefined);
    const { tool, arguments: line, id } = Object(posted) as Record<string, unknown>;
    try {
      if (path === "start" && typeof tool === "string" && typeof line === "string") {
        await this.#runs.start(tool, line);
      } else if (path === "stop" && typeof id === "number") this.#runs.stop(id);
      else return refuse(response, 400, "the page tells start and stop only");
    } catch (error) {
      return refuse(response, 422, (error as Error).message);
    }
    response.writeHead(204, { "cache-control": "no-store" });
    response.end();
  }

  async close(): Promise<void> {
    await this.#runs.close();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#clients[Symbol.dispose]();
  }
}

/** All tools with their options, as one server-sent event. */
async function listed(tools: Tools, commands: Commands): Promise<string> {
  const list = await Promise.all(
    namesOf(tools, commands).map(async (name): Promise<ListedTool> => {
      const short = commands[name];
      const tool = (await tools[short ? short[0] : name]!()).default;
      return {
        name,
        summary: short ? `The same as ${short.join(" ")}.` : tool.summary,
        options: optionsOf(tool.options),
        examples: short ? [] : tool.examples.filter(([call]) => !call.includes("--exec")),
      };
    }),
  );
  return eventText("tools", { tools: list });
}

/** The options that the page accepts. */
function optionsOf(options: Options): ListedTool["options"] {
  return Object.values(options).filter(({ long }) => long !== "web" && long !== "exec").map(
    (option) => {
      const value = option.meta === undefined || option.positional ? "" : ` ${option.meta}`;
      return { usage: `${spelling(option)}${value}`, help: option.help };
    },
  );
}

/** Proxies a response of a tool on this machine to a browser; pipe() applies backpressure. */
function passOn(url: URL, to: ServerResponse): void {
  const { get } = process.getBuiltinModule("node:http");
  const asked = get(url, (from) => {
    to.writeHead(from.statusCode ?? 502, {
      "content-type": from.headers["content-type"] ?? "text/plain",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    from.on("error", () => to.end());
    from.pipe(to);
  });
  asked.on("error", () => {
    if (!to.headersSent) refuse(to, 502, "this tool does not answer");
    else to.end();
  });
  const end = () => asked.destroy();
  to.on("close", end);
  to.on("error", end);
}
