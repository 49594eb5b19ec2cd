/**
 * The shapes of the records that a plan makes.
 *
 * @module
 */

import { type Column, keyOf, type Value } from "../output/columns.ts";
import { UsageError } from "../options/options.ts";
import type { EventPlan, Plan } from "./tool.ts";
import { containerColumns, type ShownContainers } from "../task/containers.ts";
import type { Who } from "../task/who.ts";
import { LOSSES, type Member, type Members, type RecordShape } from "../records/record_shape.ts";
import { sampleEvent } from "../records/sample_event.ts";

interface Event {
  readonly who: Who;
}

/** The columns of a plan's rows, with those of pod and container where they are asked for. */
export function columnsOf<E extends Event>(
  plan: EventPlan<E>,
  shown: ShownContainers,
): Column<E>[] {
  const containers = containerColumns<E>(shown, ({ who }) => who);
  return [...containers, ...plan.columns].filter((column) => column !== false);
}

/**
 * The records of a plan, with those of losses.
 * @throws {UsageError} if the plan does not declare them
 */
export function recordsOf(
  tool: { readonly name: string },
  plan: Plan<never>,
  shown: ShownContainers = {},
): readonly RecordShape[] {
  const shapes = "event" in plan ? [rowOf(plan as EventPlan<Event>, shown)] : plan.records;
  if (!shapes) throw new UsageError(`${tool.name} does not tell what its records are made of`);
  return [...shapes, ...LOSSES];
}

/** The shape of a row, found from the columns' values for sample events. */
function rowOf(plan: EventPlan<Event>, shown: ShownContainers): RecordShape {
  const events = (["zero", "one", "all", "empty"] as const).map((kind) =>
    sampleEvent(plan.event, kind)
  );
  const members: [string, Member][] = columnsOf(plan, shown)
    .map((column) => [keyOf(column), memberOf(column, events)]);
  if (plan.aggregate) members.push(["count", "count"]);
  return { members: Object.fromEntries(members) as Members };
}

function memberOf(column: Column<Event>, events: readonly Event[]): Member {
  if (column.member !== undefined) return column.member;
  const values = events.flatMap((event): (Value | readonly Value[])[] => {
    try {
      return [column.value(event)];
    } catch {
      return []; // no such event can come
    }
  });
  const isThere = (value: unknown) => value !== null && value !== undefined;
  const isNullable = !values.every(isThere); // tables of names know fewer numbers than the kernel
  const value = values.find(isThere);
  const kind = kindOfValue(keyOf(column), value);
  return isNullable ? `${kind}?` : kind;
}

function kindOfValue(key: string, value: Value | readonly Value[] | undefined) {
  if (Array.isArray(value)) return /^(number|bigint)$/.test(typeof value[0]) ? "numbers" : "texts";
  if (typeof value === "number" || typeof value === "bigint") return "number";
  if (typeof value === "boolean") return "flag";
  // Null for every sample event: a text that is looked up, such as the name of a process.
  return key === "time" ? "time" : "text";
}
