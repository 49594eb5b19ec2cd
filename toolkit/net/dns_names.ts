/**
 * The host names that processes have resolved to addresses, from the DNS responses that they
 * received (dns.h).
 *
 * @module
 */

import {
  type Bpf,
  bytesRest,
  type EventStream,
  type Infer,
  type LoadOptions,
  struct,
  u32,
  u64,
} from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { syscallPrograms } from "../run/choose_hooks.ts";
import { flag } from "../options/options.ts";
import { parseDnsAnswer } from "./dns_message.ts";
import { DnsStreams } from "./dns_streams.ts";
import type { Column } from "../output/columns.ts";
import type { Flow } from "./flow.ts";

/** struct answer of dns.h. */
const Answer = struct("answer", {
  time: u64.asNumber,
  stream: u64,
  pid: u32,
  unused: u32,
  bytes: bytesRest(),
});
type Answer = Infer<typeof Answer>;

const ANSWERS_BYTES = 1 << 20;
const LEAST_BYTES = 65536; // the largest page of any machine
const NAMES_MAX = 10240;
const DRAIN_MS = 100;
const PENDING_MAX = 4096;
const MAPPED = /^::ffff:(?=\d+\.)/;
const CALLS = ["recvfrom", "recvmsg", "recvmmsg", "read"];

/** `-d`, as tcpconnect of bcc has it. */
export const dnsOption = {
  dns: flag({
    short: "d",
    long: "dns",
    help: "include the name of the remote host, from DNS answers that the process received before",
  }),
} as const;

/** A name, and when the response came. */
export interface FoundName {
  readonly name: string;
  readonly time: number;
}

/**
 * Load options with what dns.h needs in addition: its programs, and room for responses, or almost
 * none.
 */
export function withDns(load: LoadOptions, wanted: boolean, machine: Machine): LoadOptions {
  const off = CALLS.flatMap((call) => [`enter_${call}`, `exit_${call}`]).map((
    name,
  ) => [name, false]);
  return {
    ...load,
    programs: {
      ...load.programs,
      ...wanted ? syscallPrograms(CALLS, machine) : Object.fromEntries(off),
    },
    maps: { ...load.maps, answers: { maxEntries: wanted ? ANSWERS_BYTES : LEAST_BYTES } },
  };
}

/** Events and responses that the kernel side dropped: for `dropped` of a plan. */
export const droppedWithAnswers = (bpf: Bpf): number =>
  ["events_dropped", "answers_dropped"].reduce(
    (sum, name) => sum + bpf.global(name, u64.asNumber).value,
    0,
  );

/** The latest names by process and address. */
export class DnsNames implements Disposable {
  readonly #names = new Map<string, FoundName>();
  readonly #streams = new DnsStreams();
  /** Responses that may have come after events which are not read yet. */
  readonly #pending: Answer[] = [];
  readonly #read = (answer: Answer): void => {
    this.#pending.push(answer);
    if (this.#pending.length > PENDING_MAX) this.learn(this.#pending.shift()!);
  };
  #answers: EventStream<Answer> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Reads the responses from `bpf` until it is closed. */
  follow(bpf: Bpf): this {
    this.#answers = bpf.events("answers", Answer);
    // Events drain the responses when they look for names; this does so while no events come.
    this.#timer = setInterval(() => this.#answers?.drain(this.#read), DRAIN_MS);
    return this;
  }

  /** Records a response. */
  learn({ time, stream, pid, bytes }: Answer): void {
    const messages = stream === 0n ? [bytes] : this.#streams.add(`${pid} ${stream}`, bytes);
    for (const message of messages) {
      const answer = parseDnsAnswer(message);
      for (const [address, name] of answer?.names ?? []) {
        const key = `${pid} ${address}`;
        this.#names.delete(key); // keep the map ordered by age
        this.#names.set(key, { name, time });
        if (this.#names.size > NAMES_MAX) this.#names.delete(this.#names.keys().next().value!);
      }
    }
  }

  /**
   * The process's latest name for the remote address at that time, in ns; times must not decrease
   * by much.
   */
  find(pid: number, { remote }: Pick<Flow, "remote">, time: number): FoundName | undefined {
    this.#answers?.drain(this.#read);
    while (this.#pending[0] && this.#pending[0].time <= time) this.learn(this.#pending.shift()!);
    return this.#names.get(`${pid} ${remote.replace(MAPPED, "")}`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#answers?.close();
    this.#answers = undefined;
  }
}

/** The name of the remote end, by the answers that a process received. @param pidOf 0: none is known */
export const nameColumn = <E extends { readonly flow: Flow; readonly time: number }>(
  names: DnsNames,
  pidOf: (event: E) => number,
): Column<E> => {
  const value = (event: E) => names.find(pidOf(event), event.flow, event.time)?.name ?? null;
  return { head: "RHOST", value, text: (event) => value(event) ?? "-" };
};
