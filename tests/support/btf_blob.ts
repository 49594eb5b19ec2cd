/**
 * BTF made by hand, for tests of BTF readers.
 *
 * @module
 */

/**
 * One BTF type; a string in `words` is replaced by the offset of that name in the string section.
 */
export interface BlobType {
  readonly kind: number;
  readonly name?: string;
  /** The union of `size` and `type` in struct btf_type: the type's size, or the id it refers to. */
  readonly word?: number;
  /** `vlen`: how many members, enumerators or parameters follow. */
  readonly parts?: number;
  /** `kind_flag`: the struct has bit-fields, or the values of the enum are signed. */
  readonly flag?: true;
  /** The u32 words that follow struct btf_type: members, enumerators … */
  readonly words?: readonly (number | string)[];
}

/** Returns a BTF blob of these types; the first type has id 1. */
export function btfBlob(types: readonly BlobType[]): Uint8Array {
  let strings = "\0";
  const nameOffset = (name: string) => {
    if (name === "") return 0;
    const found = strings.indexOf(`\0${name}\0`);
    if (found >= 0) return found + 1;
    strings += `${name}\0`;
    return strings.length - name.length - 1;
  };
  const words = types.flatMap(({ kind, name = "", word = 0, parts = 0, flag, words = [] }) => [
    nameOffset(name),
    (flag ? 2 ** 31 : 0) + kind * 2 ** 24 + parts,
    word,
    ...words.map((word) => typeof word === "string" ? nameOffset(word) : word),
  ]);
  const size = words.length * 4;
  const text = new TextEncoder().encode(strings);
  const blob = new Uint8Array(24 + size + text.length);
  const view = new DataView(blob.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1); // version
  [24, 0, size, size, text.length].forEach((word, i) => view.setUint32(4 + 4 * i, word, true));
  words.forEach((word, i) => view.setUint32(24 + 4 * i, word, true));
  blob.set(text, 24 + size);
  return blob;
}
