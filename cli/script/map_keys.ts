/**
 * Formats keys and values of a script's maps, as text and as JSON.
 *
 * @module
 */

import type { Codec, CType } from "../../mod.ts";
import { escapeText } from "../../toolkit/output/escape.ts";
import { type Frame, frameName, type StackId, type StackNames } from "./stack_names.ts";

/** A key for display: its stacks, and its other members in one line. */
export interface NamedKey {
  readonly text: string;
  /** The members that `text` joins. */
  readonly parts: readonly string[];
  /** The names of `parts` if there are several. */
  readonly heads: readonly string[];
  readonly stacks: readonly NamedStack[];
  /** The key with function names instead of stack ids. */
  readonly json: unknown;
}

/** One of a key's stacks. */
export interface NamedStack {
  readonly isKernel: boolean;
  /** Innermost first; undefined if the kernel's stack map had no room. */
  readonly frames: readonly Frame[] | undefined;
}

const nameOf = (type: CType) => type.kind === "struct" ? type.name : "";
const isStack = (type: CType) => /^(?:kernel|user)_stack$/.test(nameOf(type));

/** Whether the type that a codec reads contains stacks. */
export function holdsStacks(type: CType | undefined): boolean {
  if (type?.kind !== "struct") return false;
  return isStack(type) || type.members.some((member) => holdsStacks(member.type));
}

/** Formats a key, with its stacks symbolized. */
export function namedKey(codec: Codec<unknown>, key: unknown, names?: StackNames): NamedKey {
  const texts: string[] = [];
  const heads: string[] = [];
  const stacks: NamedStack[] = [];
  const named = (type: CType, value: unknown, head: string): unknown => {
    if (isStack(type) && names) {
      const frames = names.frames(value as StackId);
      stacks.push({ isKernel: nameOf(type) === "kernel_stack", frames });
      return frames?.map(frameName) ?? null;
    }
    if (type.kind === "struct" && typeof value === "object" && value !== null) {
      const fields = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(
        type.members.filter(({ name }) => name in fields)
          .map(({ name, type }) => [name, named(type, fields[name], name)]),
      );
    }
    texts.push(textOf(value));
    heads.push(head);
    return value;
  };
  const json = named(codec.type, key, "");
  return {
    text: texts.join(" "),
    parts: texts,
    heads: texts.length > 1 ? heads : [],
    stacks,
    json,
  };
}

/** A value in one line. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return escapeText(value);
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  if (typeof value === "object" && value !== null) {
    return Object.values(value).map(textOf).join(" ");
  }
  return String(value);
}
