/**
 * Makes units of .debug_line by hand, with a DWARF line number program.
 *
 * @module
 */

const text = (value: string) => [...new TextEncoder().encode(value), 0];
const u16 = (value: number) => [value & 0xff, value >> 8];
const u32 = (value: number) => [0, 8, 16, 24].map((shift) => value >>> shift & 0xff);
const u64 = (value: number) => [...u32(value), ...u32(Math.floor(value / 2 ** 32))];
/**
 * Opcodes: set the address, advance lines, special opcodes, a fixed advance, a copy, advance by 16
 * and end.
 */
const PROGRAM = (address: number) => [
  ...[0, 9, 2, ...u64(address)],
  ...[3, 9, 1], // line 10, a row
  ...[13 + (2 + 5) + 5 * 14], // special opcode: address + 5, line + 2
  ...[4, 2, 8, 5, 3, 6, 9, ...u16(300), 1], // file 2, const_add_pc, fixed_advance_pc
  ...[2, 16, 0, 1, 1],
];
const OPERANDS = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];

/** A unit of .debug_line with two files, for code at `address`. */
export function lineUnit(version: 3 | 4 | 5, address: number): Uint8Array<ArrayBuffer> {
  const tables = version === 5
    ? [
      // Directory table: paths as strings inside the table (DW_FORM_string).
      ...[1, 1, 0x08, 2, ...text("/src"), ...text("lib")],
      // File table: a path in .debug_line_str or as a string, a directory index, an MD5 checksum.
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

/** The section .debug_line_str for units of version 5. */
export const LINE_TEXTS: Uint8Array<ArrayBuffer> = Uint8Array.from([...text("a"), ...text("b.h")]);
