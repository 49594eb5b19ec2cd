/**
 * Shows what a tool has lost; always visible.
 *
 * @module
 */

import type { LossesMessage } from "../messages.ts";
import { byId, element, wholeText } from "./dom.ts";

const KINDS = ["dropped", "missed", "truncated"];

type Loss = LossesMessage["losses"][number];

/** `3 events: the ring buffer was full` */
const lossText = ({ what, total, reason }: Loss) =>
  `${wholeText(total)} ${what}${reason ? `: ${reason}` : ""}`;

/** Shows the totals of all kinds of losses, with their causes. */
export function showLosses({ losses }: LossesMessage): void {
  byId("losses").replaceChildren(...KINDS.map((kind) => {
    const own = losses.filter((loss) => loss.kind === kind && loss.total > 0);
    const total = own.reduce((sum, loss) => sum + loss.total, 0);
    return element("li", {
      class: total > 0 ? "lost" : "",
      title: own.map(lossText).join("\n") || `Nothing was ${kind}.`,
    }, `${kind} ${wholeText(total)}`);
  }));
  const reasons = losses.filter(({ total }) => total > 0)
    .map((loss) => element("li", {}, `${loss.kind} ${lossText(loss)}`));
  byId("reasons").replaceChildren(...reasons);
}
