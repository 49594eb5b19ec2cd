/**
 * Parses the argument descriptions of USDT notes: `-4@%edi 8@-16(%rbp) 1@$3`.
 *
 * Each is a size, negative for a signed value, and an assembler operand, since the compiler chose
 * where the value lies. Format: the SystemTap wiki's UserSpaceProbeImplementation.
 *
 * @module
 */

/** An argument of a probe at one of its locations. */
export interface UsdtArgument {
  /** Its C type: `s32`, `u8`, `double`; a pointer is a `u64`. */
  readonly type: string;
  /** Size in bytes. */
  readonly size: number;
  /** Whether it is signed. */
  readonly signed: boolean;
  /** The operand as in assembler: `%edi`, `-16(%rbp)`, `$3`, `counter(%rip)`. */
  readonly operand: string;
}

/** Part of a register, read in C through `struct pt_regs *ctx`. */
interface Register {
  readonly field: string;
  /** Its lowest bit in the register: 8 for %ah. */
  readonly shift: number;
}

/** A parsed operand. */
export type Operand =
  | { readonly kind: "constant"; readonly value: bigint }
  | { readonly kind: "register"; readonly register: Register }
  | {
    readonly kind: "memory";
    /** Registers whose scaled values are added to the address. */
    readonly registers: readonly { readonly register: Register; readonly factor: number }[];
    /** A symbol whose address is added. */
    readonly symbol: string | undefined;
    readonly offset: bigint;
  };

const TYPES: Readonly<Record<string, string>> = { "4f": "float", "8f": "double" };

/** Whether it is a floating-point number. */
export function isFloat({ type }: UsdtArgument): boolean {
  return type === "float" || type === "double";
}

/** Parses the argument string of a note. */
export function parseArguments(text: string): UsdtArgument[] {
  // An arm64 operand contains spaces: [sp, 16].
  const found = text.matchAll(/(?:(-?)(\d+)(f?)@)?(\[[^\]]*\]\S*|[^\s[]\S*)/g);
  return [...found].map(([, minus, digits = "8", float, operand]) => ({
    type: TYPES[`${digits}${float}`] ?? `${minus ? "s" : "u"}${Number(digits) * 8}`,
    size: Number(digits),
    signed: minus === "-" || float === "f",
    operand: operand!,
  }));
}

/** Parses an operand; undefined for one that programs cannot read, such as %xmm0. */
export function parseOperand(text: string, arch: string = process.arch): Operand | undefined {
  return arch === "arm64" ? armOperand(text) : x86Operand(text);
}

const NUMBER = /^[+-]?(?:0x[0-9a-f]+|\d+)$/i;

function number(text: string): bigint {
  const digits = BigInt(text.replace(/^[+-]/, ""));
  return text.startsWith("-") ? -digits : digits;
}

/** AT&T syntax: `$5`, `%eax`, `symbol+8(%base,%index,4)`. */
function x86Operand(text: string): Operand | undefined {
  if (text.startsWith("$")) return constant(text.slice(1));
  if (text.startsWith("%") && !text.includes(":")) {
    const register = x86Register(text.slice(1));
    return register && { kind: "register", register };
  }
  const [, displacement, inner] = /^([^(]*)(?:\(([^)]*)\))?$/.exec(text) ?? [];
  const terms = displacement?.match(/[+-]?[\w.$]+/g) ?? [];
  if (displacement === undefined || terms.join("") !== displacement) return undefined;
  const symbols = terms.filter((term) => !NUMBER.test(term));
  const offset = terms.filter((term) => NUMBER.test(term)).reduce((sum, n) => sum + number(n), 0n);
  const [base, index, factor = "1"] = (inner ?? "").split(",").map((part) => part.trim());
  const relative = base === "%rip";
  // A %rip-relative operand's symbol already is the full address.
  if (symbols.length > 1 || symbols[0]?.startsWith("-") || relative && symbols.length === 0) {
    return undefined;
  }
  // The processor's scale factors.
  if (!/^[1248]$/.test(factor)) return undefined;
  const wanted: [name: string, factor: number][] = [];
  if (base && !relative) wanted.push([base, 1]);
  if (index) wanted.push([index, Number(factor)]);
  const registers = wanted.flatMap(([name, factor]) => {
    const register = x86Register(name.slice(1));
    return register ? [{ register, factor }] : [];
  });
  if (registers.length < wanted.length) return undefined;
  return { kind: "memory", registers, symbol: symbols[0]?.replace(/^\+/, ""), offset };
}

/** `5`, `x0`, `w1`, `[sp, 16]`, `[x0, x1]`. */
function armOperand(text: string): Operand | undefined {
  if (/^-?\d/.test(text)) return constant(text);
  const [, inner] = /^\[(.*)\]$/.exec(text) ?? [];
  if (inner === undefined) {
    const register = armRegister(text);
    return register && { kind: "register", register };
  }
  const [base, more, ...rest] = inner.split(",").map((part) => part.trim().replace(/^#/, ""));
  const first = armRegister(base!);
  if (!first || rest.length > 0) return undefined;
  const registers = [{ register: first, factor: 1 }];
  if (more === undefined || NUMBER.test(more)) {
    return { kind: "memory", registers, symbol: undefined, offset: number(more ?? "0") };
  }
  const second = /^x/.test(more) ? armRegister(more) : undefined;
  if (!second) return undefined;
  registers.push({ register: second, factor: 1 });
  return { kind: "memory", registers, symbol: undefined, offset: 0n };
}

function constant(text: string): Operand | undefined {
  return NUMBER.test(text) ? { kind: "constant", value: number(text) } : undefined;
}

function armRegister(name: string): Register | undefined {
  if (name === "sp") return { field: "sp", shift: 0 };
  const [, digits] = /^[xw](\d+)$/.exec(name) ?? [];
  return digits !== undefined && Number(digits) < 31
    ? { field: `regs[${digits}]`, shift: 0 }
    : undefined;
}

/** %rax, %eax, %ax and %al are parts of the member `ax` of struct pt_regs; %ah is its second byte. */
function x86Register(name: string): Register | undefined {
  const [, letter, part] = /^[re]?([abcd])([xlh])$/.exec(name) ?? [];
  if (letter) return { field: `${letter}x`, shift: part === "h" ? 8 : 0 };
  const [, field] = /^[re]?([sd]i|[bs]p)l?$/.exec(name) ??
    /^(r(?:[89]|1[0-5]))[dwb]?$/.exec(name) ??
    [];
  return field === undefined ? undefined : { field, shift: 0 };
}
