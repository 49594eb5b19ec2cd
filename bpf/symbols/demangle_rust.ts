/**
 * Demangles Rust's v0 names, `_R…`. The C++ runtime library demangles only the legacy names of
 * older compilers.
 *
 * Grammar: RFC 2603, "Rust symbol name mangling v0". Lifetimes and the hashes that tell crates apart
 * are left out.
 *
 * @module
 */

const MOST_DEPTH = 64;
const MOST_TEXT = 4096;

const BASIC: Readonly<Record<string, string>> = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  p: "_",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
};

/**
 * `app::worker::turn` for `_RNvNtCs1234_3app6worker4turn`; undefined for a name that is not valid.
 */
export function demangleRust(name: string): string | undefined {
  const [, text] = /^_R\d*([A-Z]\w*)/.exec(name) ?? [];
  if (text === undefined) return undefined;
  try {
    return new Reader(text).path(true);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The character of a code point; undefined for a surrogate or one above the last. */
export function character(code: number): string | undefined {
  const isHalf = code >= 0xd800 && code <= 0xdfff;
  return code > 0x10ffff || isHalf ? undefined : String.fromCodePoint(code);
}

/** A parser of one name; the instantiating crate that follows it is ignored. */
class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  /** Limits all that is parsed, so that nested back references terminate. */
  #length = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @param isValue whether type arguments are preceded by colons: `f::<T>` */
  path(isValue: boolean): string {
    return this.#nested(() => {
      switch (this.#next()) {
        case "C":
          return this.#identifier().name;
        case "M":
          this.#implementation();
          return `<${this.#type()}>`;
        case "X":
          this.#implementation();
          return `<${this.#type()} as ${this.path(false)}>`;
        case "Y":
          return `<${this.#type()} as ${this.path(false)}>`;
        case "N":
          return this.#member(isValue);
        case "I":
          return this.path(isValue) + `${isValue ? "::" : ""}<${this.#until(this.#argument)}>`;
        case "B":
          return this.#back(() => this.path(isValue));
      }
      return this.#fail();
    });
  }

  /** The path of an impl block, which is not printed. */
  #implementation(): void {
    this.#disambiguator();
    this.path(false);
  }

  #member(isValue: boolean): string {
    const space = this.#next();
    const outer = this.path(isValue);
    const { name, index } = this.#identifier();
    if (/[a-z]/.test(space)) return name === "" ? outer : `${outer}::${name}`;
    const kind = space === "C" ? "closure" : space === "S" ? "shim" : space;
    return `${outer}::{${kind}${name && ":"}${name}#${index}}`;
  }

  #argument = (): string => {
    if (this.#take("L")) {
      this.#number();
      return "";
    }
    return this.#take("K") ? this.#constant() : this.#type();
  };

  #type = (): string =>
    this.#nested(() => {
      const kind = this.#next();
      switch (kind) {
        case "A":
          return `[${this.#type()}; ${this.#constant()}]`;
        case "S":
          return `[${this.#type()}]`;
        case "T":
          return this.#tuple();
        case "R":
          return `&${this.#afterLifetime()}`;
        case "Q":
          return `&mut ${this.#afterLifetime()}`;
        case "P":
          return `*const ${this.#type()}`;
        case "O":
          return `*mut ${this.#type()}`;
        case "F":
          return this.#function();
        case "D":
          return this.#dynamic();
        case "B":
          return this.#back(this.#type);
      }
      if (BASIC[kind] !== undefined) return BASIC[kind];
      this.#at--;
      return this.path(false);
    });

  #tuple(): string {
    const types = this.#until(this.#type);
    return types.includes(", ") ? `(${types})` : `(${types},)`;
  }

  #afterLifetime(): string {
    if (this.#take("L")) this.#number();
    return this.#type();
  }

  #function(): string {
    if (this.#take("G")) this.#number();
    const unsafe = this.#take("U") ? "unsafe " : "";
    let abi = "";
    if (this.#take("K")) {
      abi = `extern "${this.#take("C") ? "C" : this.#identifier().name.replaceAll("_", "-")}" `;
    }
    const types = this.#until(this.#type);
    const result = this.#type();
    return `${unsafe}${abi}fn(${types})${result === "()" ? "" : ` -> ${result}`}`;
  }

  #dynamic(): string {
    if (this.#take("G")) this.#number();
    const traits = this.#until(() => {
      const trait = this.path(false);
      const bindings: string[] = [];
      while (this.#take("p")) bindings.push(`${this.#identifier().name} = ${this.#type()}`);
      if (bindings.length === 0) return trait;
      const list = bindings.join(", ");
      return trait.endsWith(">") ? `${trait.slice(0, -1)}, ${list}>` : `${trait}<${list}>`;
    }, " + ");
    if (this.#take("L")) this.#number();
    return `dyn ${traits}`;
  }

  #constant = (): string =>
    this.#nested(() => {
      if (this.#take("B")) return this.#back(this.#constant);
      const type = this.#next();
      if (type === "p") return "_";
      const sign = this.#take("n") ? "-" : "";
      const [digits] = this.#match(/[0-9a-f]*_/y);
      const value = BigInt(`0x${digits!.slice(0, -1) || "0"}`);
      if (type === "b") return String(value !== 0n);
      if (type === "c") return JSON.stringify(character(Number(value)) ?? this.#fail());
      return BASIC[type] === undefined ? this.#fail() : sign + value;
    });

  /** Parses items up to the terminating letter, without empty ones. */
  #until(read: () => string, separator = ", "): string {
    const all: string[] = [];
    while (!this.#take("E")) all.push(read());
    return all.filter((each) => each !== "").join(separator);
  }

  #identifier(): { name: string; index: number } {
    const index = this.#disambiguator();
    const [, encoded, length] = this.#match(/(u?)(0|[1-9]\d*)_?/y);
    const name = this.#text.slice(this.#at, this.#at + Number(length));
    if (name.length < Number(length)) this.#fail();
    this.#at += name.length;
    return { name: encoded ? `punycode{${name}}` : name, index };
  }

  /** The disambiguator of a name. */
  #disambiguator(): number {
    return this.#take("s") ? this.#number() + 1 : 0;
  }

  /** A base-62 number; without digits it is zero. */
  #number(): number {
    const [digits] = this.#match(/[0-9a-zA-Z]*_/y);
    if (digits === "_") return 0;
    let value = 0;
    for (const digit of digits!.slice(0, -1)) {
      const code = digit.charCodeAt(0);
      value = value * 62 + (code < 58 ? code - 48 : code < 91 ? code - 29 : code - 87);
    }
    return value + 1;
  }

  /** Parses a back reference. */
  #back(read: () => string): string {
    const from = this.#at;
    const to = this.#number();
    if (to >= from - 1) this.#fail();
    const end = this.#at;
    this.#at = to;
    const text = read();
    this.#at = end;
    return text;
  }

  #nested(read: () => string): string {
    if (++this.#depth > MOST_DEPTH) this.#fail();
    const text = read();
    this.#depth--;
    this.#length += text.length;
    if (this.#length > MOST_TEXT * MOST_DEPTH || text.length > MOST_TEXT) this.#fail();
    return text;
  }

  #take(letter: string): boolean {
    if (this.#text[this.#at] !== letter) return false;
    this.#at++;
    return true;
  }

  #next(): string {
    return this.#text[this.#at++] ?? this.#fail();
  }

  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? this.#fail();
    this.#at = pattern.lastIndex;
    return found;
  }

  #fail(): never {
    throw new SyntaxError("no Rust name");
  }
}
