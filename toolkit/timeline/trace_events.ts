/**
 * Traces in the Trace Event Format of Chrome: a JSON array, which readers accept without its
 * closing bracket.
 *
 * @see https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 * @module
 */

import { escapeText, toJson } from "../output/escape.ts";
import type { TimelineFormat } from "./timeline.ts";

const encoder = new TextEncoder();
const NS_PER_US = 1000;

/** Chrome's format. */
export function traceEvents(): TimelineFormat {
  let [cat, own] = ["", 0];
  const line = (members: object) => encoder.encode(`,\n${toJson(members)}`);
  const metadata = (name: string, pid: number, tid: number, text: string) => ({
    ph: "M",
    name,
    pid,
    tid,
    args: { name: escapeText(text) },
  });
  return {
    begin(tool, pid) {
      [cat, own] = [tool, pid];
      return encoder.encode(`[\n${toJson(metadata("process_name", pid, pid, `ts-bcc ${tool}`))}`);
    },
    named: ({ pid, tid, comm }, isProcess) =>
      line(metadata(isProcess ? "process_name" : "thread_name", pid, isProcess ? pid : tid, comm)),
    event({ who: { pid, tid }, start, duration, name, args }, lane) {
      const common = { name: escapeText(name), cat, pid, tid, ts: start / NS_PER_US };
      if (duration === undefined) return line({ ph: "i", s: "t", ...common, args });
      if (lane === 0) return line({ ph: "X", ...common, dur: duration / NS_PER_US, args });
      // Slices of one track must not overlap: those on further lanes are asynchronous events.
      const id = `${tid}.${lane}`;
      const end = { ph: "e", ...common, ts: (start + duration) / NS_PER_US, id };
      return encoder.encode(`,\n${toJson({ ph: "b", ...common, id, args })},\n${toJson(end)}`);
    },
    note: (name, time) =>
      line({ ph: "i", s: "g", name, cat, pid: own, tid: own, ts: time / NS_PER_US }),
    end: () => encoder.encode("\n]\n"),
  };
}
