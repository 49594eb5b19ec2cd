/**
 * The line at the top: the state of the connection, and counts of events or reports.
 *
 * @module
 */

import type { ReportMessage } from "../messages.ts";
import { byId, clockText, shortText, wholeText } from "./dom.ts";
import type { Connection } from "./shell.ts";

/** Shows the state of the page's connection to the tool. */
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

/** The counts of events to show. */
export interface EventFigures {
  readonly total: number;
  /** How many the page keeps as rows. */
  readonly kept: number;
  /** Events per second. */
  readonly rate: number;
  /** While the page is paused: the number of events since then. */
  readonly sincePause: number | undefined;
}

/** Shows counts of events; returns further remarks. @param draw the rate of the last minute */
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

/** The same for reports. @param held the number of reports held back until the end of a pause */
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
