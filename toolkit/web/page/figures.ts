/**
 * The line above everything: whether the page is told what happens, and how much has happened.
 *
 * @module
 */

import type { ReportMessage } from "../messages.ts";
import { byId, clockText, shortText, wholeText } from "./dom.ts";
import type { Connection } from "./shell.ts";

/** Says how the page stands to the tool. */
export function showState(connection: Connection, isPaused: boolean): void {
  const state = byId("state");
  state.dataset.state = connection === "live" && isPaused ? "paused" : connection;
  state.textContent = {
    connecting: "connecting",
    live: isPaused ? "paused" : "live",
    ended: "ended",
    lost: "connection lost",
  }[connection];
}

/** What there is to say of events. */
export interface EventFigures {
  readonly total: number;
  /** How many the page keeps as rows. */
  readonly kept: number;
  /** In a second. */
  readonly rate: number;
  /** While it is paused: how many have come since. */
  readonly sincePause: number | undefined;
}

/** Shows figures of events; returns what else is worth saying. @param draw the rate of the last minute */
export function showEventFigures(
  { total, kept, rate, sincePause }: EventFigures,
  draw: (canvas: HTMLCanvasElement) => void,
): string[] {
  byId("total").textContent = wholeText(total);
  byId("total-unit").textContent = total === 1 ? "event" : "events";
  byId("rate").textContent = `${shortText(rate)} / s`;
  draw(byId("spark") as HTMLCanvasElement);
  return [
    ...sincePause === undefined ? [] : [`${wholeText(sincePause)} since the pause`],
    ...total > kept
      ? [`${wholeText(kept)} of ${wholeText(total)} events are kept as rows; all are counted`]
      : [],
  ];
}

/** The same of reports. @param held how many wait for the end of a pause */
export function showReportFigures(report: ReportMessage | undefined, held: number): string[] {
  const { number = 0, time, left = 0 } = report ?? {};
  byId("total").textContent = wholeText(number);
  byId("total-unit").textContent = number === 1 ? "report" : "reports";
  byId("rate").textContent = time === undefined ? "" : `latest ${clockText(time)}`;
  return [
    ...left > 0 ? [`${wholeText(left)} records of the latest report are left out`] : [],
    ...held > 0 ? [`${wholeText(held)} reports wait`] : [],
  ];
}
