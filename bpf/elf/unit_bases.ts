/**
 * Addresses, texts and ranges of a unit of debug information, which later DWARF versions keep in
 * sections of their own.
 *
 * Format: DWARF 5, sections 2.17.3, 7.26 to 7.28; version 4, section 2.17.3.
 *
 * @module
 */

import { Attribute, cursorAt, type Entry, type InfoSections, type Unit } from "./debug_info.ts";
import type { Value } from "./debug_forms.ts";

const ADDRESS_SIZE = 8;

/** Reads a unit's values that are relative to base offsets in its first entry. */
export class UnitBases {
  readonly #sections: InfoSections;
  readonly #unit: Unit;
  readonly #root: Entry;

  constructor(sections: InfoSections, unit: Unit, root: Entry) {
    this.#sections = sections;
    this.#unit = unit;
    this.#root = root;
  }

  /** An address; undefined for other values. */
  address(value: Value | undefined): number | undefined {
    if (value?.meaning === "address") return value.number;
    return value?.meaning === "address index" ? this.addressAt(value.number) : undefined;
  }

  /** The address with that index in the unit's list. */
  addressAt(index: number): number {
    const place = this.#base(Attribute.ADDRESSES) + index * ADDRESS_SIZE;
    return Number(cursorAt(this.#sections.addresses, place).u64());
  }

  /** Text; undefined where it is in another file. */
  text(value: Value | undefined): string | undefined {
    const { entries, texts, lineTexts, textOffsets } = this.#sections;
    switch (value?.meaning) {
      case "own text":
        return cursorAt(entries, value.number).text();
      case "text":
        return cursorAt(texts, value.number).text();
      case "line text":
        return cursorAt(lineTexts, value.number).text();
      case "text index": {
        const { is64 } = this.#unit;
        const place = this.#base(Attribute.TEXT_OFFSETS) + value.number * (is64 ? 8 : 4);
        const cursor = cursorAt(textOffsets, place);
        return cursorAt(texts, is64 ? Number(cursor.u64()) : cursor.u32()).text();
      }
    }
    return undefined;
  }

  /** Where an entry's code lies. */
  *ranges({ values }: Entry): Generator<readonly [low: number, high: number]> {
    const low = this.address(values.get(Attribute.LOW));
    const high = values.get(Attribute.HIGH);
    const list = values.get(Attribute.RANGES);
    if (list && this.#unit.version >= 5) yield* this.#rangeList(list);
    else if (list) yield* this.#oldRanges(list.number);
    else if (low !== undefined && high) yield [low, this.address(high) ?? low + high.number];
  }

  *#oldRanges(place: number): Generator<readonly [number, number]> {
    const cursor = cursorAt(this.#sections.ranges, place);
    for (let base = this.#low;;) {
      const [from, to] = [cursor.u64(), cursor.u64()];
      if (from === 0n && to === 0n) return;
      if (from === 2n ** 64n - 1n) base = Number(to);
      else yield [base + Number(from), base + Number(to)];
    }
  }

  *#rangeList({ meaning, number }: Value): Generator<readonly [number, number]> {
    const { rangeLists } = this.#sections;
    let place = number;
    if (meaning === "range list index") {
      const { is64 } = this.#unit;
      const base = this.#base(Attribute.RANGE_LISTS);
      const cursor = cursorAt(rangeLists, base + number * (is64 ? 8 : 4));
      place = base + (is64 ? Number(cursor.u64()) : cursor.u32());
    }
    const cursor = cursorAt(rangeLists, place);
    const address = () => Number(cursor.u64());
    const indexed = () => this.addressAt(cursor.uleb());
    for (let base = this.#low;;) {
      const kind = cursor.u8();
      if (kind === 0) return;
      if (kind === 1) base = indexed();
      else if (kind === 5) base = address();
      else if (kind === 4) yield [base + cursor.uleb(), base + cursor.uleb()];
      else if (kind === 2) yield [indexed(), indexed()];
      else if (kind === 6) yield [address(), address()];
      else if (kind === 3 || kind === 7) {
        const low = kind === 3 ? indexed() : address();
        yield [low, low + cursor.uleb()];
      } else throw new RangeError(`a range of kind ${kind}`);
    }
  }

  get #low(): number {
    return this.address(this.#root.values.get(Attribute.LOW)) ?? 0;
  }

  #base(attribute: number): number {
    // Without one the list is the section's first, behind its header.
    return this.#root.values.get(attribute)?.number ?? (this.#unit.is64 ? 16 : 8);
  }
}
