/**
 * How long a C++ name becomes when demangled: names may refer back to their own parts, so 300
 * characters can expand to gigabytes, and the C++ runtime library would write all of it.
 *
 * This parses as much of the grammar as sizes need (Itanium C++ ABI, chapter "Mangling") and
 * overestimates each part: the result is an upper bound.
 *
 * @module
 */

/**
 * Upper bound for the punctuation and keywords of a part: " const volatile", "operator delete[]".
 */
const PART = 24;
/** `std::basic_string<char, std::char_traits<char>, std::allocator<char> >` */
const STANDARD = 80;
const MAX_DEPTH = 200;

/**
 * The size of a name that begins with `_Z`; undefined when it is malformed, or uses grammar that is
 * not parsed here (expressions).
 */
export function mangledSize(name: string): number | undefined {
  try {
    return new Sizes(name).whole();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A parser of one name; every method parses one part and returns the size of its text. */
class Sizes {
  readonly #text: string;
  #at = 2;
  #depth = 0;
  /** Sizes of substitution candidates, in order. */
  readonly #parts: number[] = [];
  /** The largest template argument. */
  #argument = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): number {
    if (!this.#text.startsWith("_Z")) this.#fail();
    const size = this.#encoding();
    // Suffixes of cloned functions: ".constprop.0".
    if (this.#at < this.#text.length && this.#peek() !== ".") this.#fail();
    return size + this.#text.length - this.#at;
  }

  #encoding(): number {
    return this.#nested(() => {
      if (this.#take("GV")) return PART + this.#name();
      if (this.#takeOne("T")) {
        if ("VTIS".includes(this.#peek())) {
          this.#at++;
          return PART + this.#type();
        }
        this.#match(/(?:h|v)n?\d+_(?:n?\d+_)?/y);
        return PART + this.#encoding();
      }
      return this.#name() + this.#types();
    });
  }

  /** Parses types up to the end of the name or of the enclosing part. */
  #types(): number {
    let size = PART;
    while (this.#at < this.#text.length && !"E.".includes(this.#peek())) size += this.#type();
    return size;
  }

  #name(): number {
    if (this.#takeOne("N")) return this.#nestedName();
    if (this.#takeOne("Z")) return this.#localName();
    let size: number;
    if (this.#take("St")) size = PART + this.#unqualified();
    else if (this.#peek() === "S") return this.#withArguments(this.#substitution());
    else size = this.#unqualified();
    if (this.#peek() !== "I") return size;
    this.#parts.push(size);
    return this.#withArguments(size);
  }

  #nestedName(): number {
    this.#match(/[rVK]*[RO]?/y);
    let size = PART;
    while (!this.#takeOne("E")) {
      const isReference = this.#peek() === "S" && this.#text[this.#at + 1] !== "t";
      if (isReference) size += this.#substitution();
      else if (this.#take("St")) {
        size += PART;
        continue;
      } else if (this.#peek() === "T") size += this.#parameter();
      else if (this.#peek() === "I") size = this.#withArguments(size);
      else size += this.#unqualified();
      if (!isReference && this.#peek() !== "E") this.#parts.push(size);
    }
    return size;
  }

  #localName(): number {
    const size = PART + this.#encoding();
    if (!this.#takeOne("E")) this.#fail();
    if (this.#takeOne("s")) {
      this.#match(/(?:_\d|__\d+_)?/y);
      return size;
    }
    if (this.#takeOne("d")) this.#match(/\d*_/y);
    const inner = this.#name();
    this.#match(/(?:_\d|__\d+_)?/y);
    return size + inner;
  }

  #unqualified(): number {
    let size = PART;
    this.#takeOne("L"); // internal linkage
    const letter = this.#peek();
    if (/\d/.test(letter)) size += this.#source();
    else if (this.#take("Ut")) this.#match(/\d*_/y);
    else if (this.#take("Ul")) {
      size += this.#types();
      if (!this.#takeOne("E")) this.#fail();
      this.#match(/\d*_/y);
    } else if (this.#take("cv")) size += this.#type();
    else if (this.#take("li")) size += this.#source();
    // A constructor or destructor repeats its class's name.
    else if (/[CD]/.test(letter)) {
      this.#match(/C[1-5]|D[0-5]/y);
      size += this.#text.length;
    } else this.#match(/[a-z][a-zA-Z]/y);
    while (this.#takeOne("B")) size += PART + this.#source();
    return size;
  }

  #source(): number {
    const length = Number(this.#match(/[1-9]\d{0,8}/y));
    this.#at += length;
    if (this.#at > this.#text.length) this.#fail();
    return length + PART;
  }

  #type(): number {
    return this.#nested(() => {
      const letter = this.#peek();
      if (/[rVKPROCG]/.test(letter)) {
        this.#match(/[rVK]+|[PROCG]/y);
        return this.#part(this.#type());
      }
      if (/[vwbcahstijlmxynofdegz]/.test(letter)) {
        this.#at++;
        return PART;
      }
      switch (letter) {
        case "u":
          this.#at++;
          return this.#part(this.#source());
        case "D":
          return this.#special();
        case "F":
          return this.#functionType();
        case "A":
          this.#match(/A\d*_/y);
          return this.#part(this.#type());
        case "M":
          this.#at++;
          return this.#part(this.#type() + this.#type());
        case "T": {
          const size = this.#part(this.#parameter());
          return this.#peek() === "I" ? this.#part(this.#withArguments(size)) : size;
        }
        case "S":
          if (!/[\dA-Z_]/.test(this.#text[this.#at + 1] ?? "")) break;
          {
            const size = this.#substitution();
            return this.#peek() === "I" ? this.#part(this.#withArguments(size)) : size;
          }
      }
      // `Ss` and the like become substitution candidates only with template arguments.
      const isStandard = /S[sabiod](?!I)/y;
      isStandard.lastIndex = this.#at;
      const known = isStandard.test(this.#text);
      const size = this.#name();
      return known ? size : this.#part(size);
    });
  }

  #special(): number {
    if (this.#take("Dp")) return this.#part(this.#type());
    if (this.#take("Do")) return this.#functionType();
    this.#match(/D[defhisuacn]/y);
    return PART;
  }

  #functionType(): number {
    if (!this.#takeOne("F")) this.#fail();
    this.#takeOne("Y");
    let size = PART;
    while (!this.#takeOne("E")) {
      if (/[RO]/.test(this.#peek()) && this.#text[this.#at + 1] === "E") this.#at++;
      else size += this.#type();
    }
    return this.#part(size);
  }

  #withArguments(size: number): number {
    if (!this.#takeOne("I")) return size;
    return size + this.#nested(() => this.#arguments());
  }

  #arguments(): number {
    let size = PART;
    while (!this.#takeOne("E")) {
      const each = PART + this.#oneArgument();
      this.#argument = Math.max(this.#argument, each);
      size += each;
    }
    return size;
  }

  #oneArgument(): number {
    if (this.#takeOne("J")) return this.#nested(() => this.#arguments());
    if (this.#takeOne("X")) {
      // Of expressions, only function addresses and lone template parameters are parsed.
      const size = this.#take("adL_Z") ? this.#symbol() : this.#parameter();
      if (!this.#takeOne("E")) this.#fail();
      return size;
    }
    if (!this.#takeOne("L")) return this.#type();
    if (this.#take("_Z")) return this.#symbol();
    return this.#type() + this.#match(/[n\d]*E|[\da-f]+E/y).length;
  }

  /** A function as template argument, after its `L_Z`. */
  #symbol(): number {
    const size = PART + this.#encoding();
    return this.#takeOne("E") ? size : this.#fail();
  }

  #parameter(): number {
    this.#match(/T\d*_/y);
    return PART + this.#argument;
  }

  #substitution(): number {
    if (/[a-z]/.test(this.#text[this.#at + 1] ?? "")) {
      this.#match(/S[sabiod]/y);
      return STANDARD;
    }
    const id = this.#match(/S[\dA-Z]*_/y).slice(1, -1);
    const size = this.#parts[id === "" ? 0 : parseInt(id, 36) + 1];
    return size ?? this.#fail();
  }

  /** Adds a substitution candidate. */
  #part(size: number): number {
    this.#parts.push(size + PART);
    return size + PART;
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.#fail();
    const result = read();
    this.#depth--;
    return result;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #takeOne(letter: string): boolean {
    if (this.#text[this.#at] !== letter) return false;
    this.#at++;
    return true;
  }

  #take(letters: string): boolean {
    if (!this.#text.startsWith(letters, this.#at)) return false;
    this.#at += letters.length;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? this.#fail();
    this.#at = pattern.lastIndex;
    return found;
  }

  #fail(): never {
    throw new SyntaxError("not read");
  }
}
