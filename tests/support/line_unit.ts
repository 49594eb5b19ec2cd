/**
 * Line number programs, made by hand.
 *
 * @module
 */

const text = (value: string) => [...new TextEncoder().encode(value), 0];
const u16 = (value: number) => [value & 0xff, value >> 8];
const u32 = (value: number) => [0, 8, 16, 24].map((shift) => value >>> shift & 0xff);
const u64 = (value: number) => [...u32(value), ...u32(Math.floor(value / 2 ** 32))];
/** Set the address; go on 5 and 2 lines; fixed advance; a copy; advance 16 and end. */
const PROGRAM = (address: number) => [
  ...[0, 9, 2, ...u64(address)],
  ...[3, 9, 1], // line 10, a row
  ...[13 + (2 + 5) + 5 * 14], // 5 further and 2 lines more
  ...[4, 2, 8, 5, 3, 6, 9, ...u16(300), 1], // another file, further by (255 - 13) / 14, and by 300
  ...[2, 16, 0, 1, 1],
];
const OPERANDS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];

/** A unit of .debug_line with two files, whose code begins at an address. */
export function lineUnit(version: 3 | 4 | 5, address: number): Uint8Array<ArrayBuffer> {
  const tables = version === 5
    ? [
      // Folders are texts.
      ...[1, 1, 0x08, 2, ...text("/src"), ...text("lib")],
      // Files: a text in .debug_line_str or at hand, a folder, a checksum.
      ...[3, 1, 0x1f, 2, 0x0b, 5, 0x1e, 3],
      ...[[0, 0], [0, 0], [2, 1]].flatMap(([name, folder]) => [
        ...u32(name!),
        folder!,
        ...Array<number>(16).fill(7),
      ]),
    ]
    : [
      ...[...text("lib"), 0],
      ...[...text("a.c"), 0, 0, 0, ...text("b.h"), 1, 0, 0, 0],
    ];
  const header = [
    ...[1, ...version >= 4 ? [1] : [], 1, 0x100 - 5, 14, OPERANDS.length + 1, ...OPERANDS],
    ...tables,
  ];
  const program = PROGRAM(address);
  const rest = [
    ...u16(version),
    ...version === 5 ? [8, 0] : [],
    ...u32(header.length),
    ...header,
    ...program,
  ];
  return Uint8Array.from([...u32(rest.length), ...rest]);
}

/** .debug_line_str of such units. */
export const LINE_TEXTS: Uint8Array<ArrayBuffer> = Uint8Array.from([...text("a"), ...text("b.h")]);
