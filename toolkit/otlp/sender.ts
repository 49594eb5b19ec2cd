/**
 * Sends requests to a collector (https://opentelemetry.io/docs/specs/otlp/#otlphttp): one at a
 * time, with retries and bounded memory.
 *
 * @module
 */

/** Limit on queued requests, in compressed bytes. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Timeout of a request. */
const PATIENCE_MS = 10_000;
/** Wait before the first retry; it doubles with each. */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const POLL_MS = 20;
/** Longer answers are not read. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** HTTP statuses that the protocol says to retry. */
const AGAIN: readonly number[] = [429, 502, 503, 504];

/** One request. */
export interface Request {
  /** `/v1/logs` */
  readonly path: string;
  /** Compressed by gzip. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** How many records it has. */
  readonly records: number;
}

/** Callbacks. */
export interface SenderEvents {
  /** This many records could not be delivered. */
  dropped(records: number): void;
  /** A request was refused or failed; `why` continues "Cannot send to …: ". @param isFinal it is not sent again */
  failed(why: string, isFinal: boolean): void;
  /** A request succeeded after failed ones. */
  recovered(): void;
}

/** The result of one try. */
type Outcome =
  | { readonly done: true; readonly rejected: number; readonly why?: string }
  | { readonly done: false; readonly why: string; readonly waitMs: number | undefined };

/** A queue of requests. */
export class Sender {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #events: SenderEvents;
  readonly #queue: Request[] = [];
  #waiting = 0;
  #running: Promise<void> | undefined;
  #hasFailed = false;
  readonly #abort = new AbortController();
  #wake: () => void = () => {};
  /** Time by performance.now() after which no attempt begins. */
  #end = Infinity;

  /** @param base the collector's address, to which paths are appended @param headers of each request */
  constructor(base: string, headers: Readonly<Record<string, string>>, events: SenderEvents) {
    this.#base = base.replace(/\/+$/, "");
    this.#headers = headers;
    this.#events = events;
  }

  /** Whether something waits to be sent. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** Sends a request, after those before it; when too much waits, the records are dropped. */
  send(request: Request): void {
    if (this.#end !== Infinity && performance.now() >= this.#end) return this.#drop(request);
    if (this.#waiting + request.body.length > MAX_WAITING_BYTES) return this.#drop(request);
    this.#queue.push(request);
    this.#waiting += request.body.length;
    this.#running ??= this.#run();
  }

  /**
   * Waits until the queue has room, as long as the collector accepts requests: for callers that can
   * wait, such as a replay.
   */
  async room(): Promise<void> {
    while (this.#running && !this.#hasFailed && this.#waiting > MAX_WAITING_BYTES / 4) {
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, POLL_MS);
      await promise;
    }
  }

  /** Sends what waits, for no longer than this; what is left is dropped. */
  async end(withinMs: number): Promise<void> {
    this.#end = performance.now() + withinMs;
    this.#wake();
    const timer = setTimeout(() => {
      this.#abort.abort();
      this.#wake();
    }, withinMs);
    await this.#running;
    clearTimeout(timer);
  }

  #drop({ records }: Request): void {
    this.#events.dropped(records);
  }

  async #run(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    for (let request = this.#queue[0]; request; request = this.#queue[0]) {
      const outcome = await this.#try(request);
      if (outcome.done) {
        this.#queue.shift();
        this.#waiting -= request.body.length;
        wait = FIRST_WAIT_MS;
        if (outcome.rejected > 0) this.#events.dropped(outcome.rejected);
        if (outcome.why !== undefined) this.#events.failed(outcome.why, true);
        else if (this.#hasFailed) this.#events.recovered();
        this.#hasFailed = outcome.why !== undefined;
        continue;
      }
      // At the end the number of dropped records is reported instead.
      if (!this.#hasFailed && this.#end === Infinity) this.#events.failed(outcome.why, false);
      this.#hasFailed = true;
      const ms = Math.min(outcome.waitMs ?? wait * (0.75 + Math.random() / 2), LONGEST_WAIT_MS);
      if (outcome.waitMs === undefined) wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      // At the end there is time for one more attempt only.
      const isLast = this.#end !== Infinity;
      if (!isLast) await this.#sleep(ms);
      if (isLast || performance.now() >= this.#end) break;
    }
    for (const request of this.#queue.splice(0)) this.#drop(request);
    this.#waiting = 0;
    this.#running = undefined;
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }

  async #try({ path, body, records }: Request): Promise<Outcome> {
    try {
      const response = await fetch(this.#base + path, {
        method: "POST",
        headers: {
          "content-type": "application/x-protobuf",
          "content-encoding": "gzip",
          ...this.#headers,
        },
        body,
        redirect: "manual",
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(PATIENCE_MS)]),
      });
      const answer = await readAnswer(response);
      const { status } = response;
      if (status === 200) {
        const rejected = Math.min(rejectedIn(answer), records);
        return rejected === 0
          ? { done: true, rejected }
          : { done: true, rejected, why: `the collector rejected ${rejected} records` };
      }
      const why = `status ${status}`;
      if (!AGAIN.includes(status)) return { done: true, rejected: records, why };
      return { done: false, why, waitMs: retryAfter(response.headers.get("retry-after")) };
    } catch (error) {
      return { done: false, why: reasonOf(error), waitMs: undefined };
    }
  }
}

/** The header Retry-After, seconds or a date, in milliseconds from now. */
function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

/** Why a request failed. The runtimes tell it in the message, the code or the cause of an error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${PATIENCE_MS / 1000} s`;
  if (error.name === "AbortError") return "no answer before the end";
  const text = `${error.message} ${(error as { readonly code?: string }).code ?? ""} ${
    error.cause instanceof Error ? error.cause.message : ""
  }`;
  if (/refused/i.test(text)) return "ECONNREFUSED: nobody listens there";
  if (/dns|resolve|ENOTFOUND|lookup/i.test(text)) return "its name is not known";
  return text.trim().split("\n")[0]!;
}

async function readAnswer(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) break;
    parts.push(part);
  }
  const answer = new Uint8Array(Math.min(length, MAX_ANSWER_BYTES));
  let at = 0;
  for (const part of parts) {
    answer.set(part, at);
    at += part.length;
  }
  return answer;
}

/** Field 1 of field 1: the records of a partial success that were rejected; 0 for anything odd. */
export function rejectedIn(answer: Uint8Array): number {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; at < answer.length; shift *= 128) {
      const byte = answer[at++]!;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  if (varint() !== (1 << 3 | 2)) return 0;
  varint();
  if (varint() !== 1 << 3) return 0;
  const value = varint();
  return Number.isSafeInteger(value) ? value : 0;
}
