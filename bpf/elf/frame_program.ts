/**
 * The instructions that say, from one place in a function to the next, where its caller's registers
 * are: DW_CFA_*. Only what it takes to find callers is kept of them: the CFA, rbp, the return address.
 *
 * @module
 */

import type { ByteCursor } from "./byte_cursor.ts";
import { FrameRule, frameRule, RBP_LOST } from "./frame_rule.ts";

// The numbers of the registers in DWARF: System V ABI, AMD64 supplement, figure 3.36.
const [RBP, RSP, RIP] = [6, 7, 16];
const WORD = 8;
const LOST = 1;
/** Instructions that remember may stand in each other so deep; compilers write one level. */
const MAX_REMEMBERED = 64;

/** What holds at a place. */
class State {
  /** The CFA: a register and a distance, or instead of them a rule of its own. */
  register = RSP;
  distance = WORD;
  own = 0;
  /** Where rbp is kept, in bytes from the CFA; 0 when it has not changed, 1 when it is lost. */
  rbp = 0;
  /** The return address is kept where calls put it. */
  isReturnKept = true;
  /** There is no return address. */
  isOutermost = false;

  copy(other: State): void {
    this.register = other.register;
    this.distance = other.distance;
    this.own = other.own;
    this.rbp = other.rbp;
    this.isReturnKept = other.isReturnKept;
    this.isOutermost = other.isOutermost;
  }

  setCfa(register: number, distance: number): void {
    this.register = register;
    this.distance = distance;
    this.own = 0;
  }

  /** A register is kept so far from the CFA. */
  keep(register: number, offset: number): void {
    if (register === RBP) this.rbp = offset;
    else if (register === RIP) {
      this.isReturnKept = offset === -WORD;
      this.isOutermost = false;
    }
  }

  lose(register: number): void {
    if (register === RBP) this.rbp = LOST;
    else if (register === RIP) this.isReturnKept = false;
  }

  restore(register: number, { rbp, isReturnKept, isOutermost }: State): void {
    if (register === RBP) this.rbp = rbp;
    else if (register === RIP) {
      this.isReturnKept = isReturnKept;
      this.isOutermost = isOutermost;
    }
  }

  get rule(): number {
    const { register, distance, rbp } = this;
    if (this.isOutermost) return FrameRule.END;
    if (this.own !== 0) return this.own;
    const kind = register === RSP ? FrameRule.RSP : register === RBP ? FrameRule.RBP : 0;
    if (kind === 0 || !this.isReturnKept) return FrameRule.UNSUPPORTED;
    return frameRule(kind, distance / WORD, rbp === LOST ? RBP_LOST : rbp / WORD);
  }
}

/** How a compiler run's functions are written. */
export interface ProgramOptions {
  readonly codeAlign: number;
  readonly dataAlign: number;
  /** Of addresses: DW_EH_PE_*. */
  readonly encoding: number;
  /** Instructions that stand in front of those of every function, in the section. */
  readonly from: number;
  readonly end: number;
}

/** Where rules go. */
export interface RuleTable {
  add(address: number, rule: number): void;
  /** Takes back those from that address on. */
  cut(address: number): void;
}

/** Runs the instructions of functions that one compiler run made. */
export class FrameProgram {
  readonly #cursor: ByteCursor;
  readonly #options: ProgramOptions;
  /** What holds where a function begins. */
  readonly #initial = new State();
  readonly #state = new State();
  readonly #remembered: State[] = [];

  /** @throws {RangeError} when the instructions in front are not whole */
  constructor(cursor: ByteCursor, options: ProgramOptions) {
    this.#cursor = cursor;
    this.#options = options;
    this.#run(0, Infinity, options.from, options.end, { add() {}, cut() {} });
    this.#initial.copy(this.#state);
  }

  /** Adds the rules of a function, whose instructions lie there; what is not whole has none. */
  run(start: number, end: number, from: number, to: number, table: RuleTable): void {
    try {
      this.#run(start, end, from, to, table);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      table.cut(start);
      table.add(start, FrameRule.UNSUPPORTED);
    }
  }

  #run(start: number, end: number, from: number, to: number, table: RuleTable): void {
    const cursor = this.#cursor;
    const state = this.#state;
    const { codeAlign, dataAlign, encoding } = this.#options;
    state.copy(this.#initial);
    this.#remembered.length = 0;
    cursor.at = from;
    for (let address = start; cursor.at < to;) {
      const code = cursor.u8();
      let advance = 0;
      if (code >= 0xc0) state.restore(code & 0x3f, this.#initial);
      else if (code >= 0x80) state.keep(code & 0x3f, cursor.uleb() * dataAlign);
      else if (code >= 0x40) advance = (code & 0x3f) * codeAlign;
      else if (code === 0x01) { // set_loc
        advance = cursor.encoded(encoding) - address;
        if (!(advance >= 0)) throw new RangeError("a place behind another lies before it");
      } else if (code === 0x02) advance = cursor.u8() * codeAlign;
      else if (code === 0x03) advance = cursor.u16() * codeAlign;
      else if (code === 0x04) advance = cursor.u32() * codeAlign;
      else this.#change(code, dataAlign);
      if (advance > 0) {
        table.add(address, state.rule);
        address += advance;
        if (address >= end) return;
      }
      if (cursor.at >= to) table.add(address, state.rule);
    }
  }

  /** What changes the state without leaving the place. */
  #change(code: number, dataAlign: number): void {
    const cursor = this.#cursor;
    const state = this.#state;
    switch (code) {
      case 0x00: // nop
        break;
      case 0x05: // offset_extended
        state.keep(cursor.uleb(), cursor.uleb() * dataAlign);
        break;
      case 0x11: // offset_extended_sf
        state.keep(cursor.uleb(), cursor.sleb() * dataAlign);
        break;
      case 0x2f: // GNU_negative_offset_extended
        state.keep(cursor.uleb(), -cursor.uleb() * dataAlign);
        break;
      case 0x06: // restore_extended
        state.restore(cursor.uleb(), this.#initial);
        break;
      case 0x07: { // undefined
        const register = cursor.uleb();
        if (register === RIP) state.isOutermost = true;
        else state.lose(register);
        break;
      }
      case 0x08: { // same_value
        const register = cursor.uleb();
        if (register === RBP) state.rbp = 0;
        else state.lose(register);
        break;
      }
      case 0x09: // register
      case 0x14: // val_offset
        state.lose(cursor.uleb());
        cursor.uleb();
        break;
      case 0x15: // val_offset_sf
        state.lose(cursor.uleb());
        cursor.sleb();
        break;
      case 0x0a: // remember_state
        this.#remember();
        break;
      case 0x0b: { // restore_state
        const last = this.#remembered.pop();
        if (!last) throw new RangeError("nothing was remembered");
        state.copy(last);
        break;
      }
      case 0x0c: // def_cfa
        state.setCfa(cursor.uleb(), cursor.uleb());
        break;
      case 0x12: // def_cfa_sf
        state.setCfa(cursor.uleb(), cursor.sleb() * dataAlign);
        break;
      case 0x0d: // def_cfa_register
        state.setCfa(cursor.uleb(), state.distance);
        break;
      case 0x0e: // def_cfa_offset
        state.setCfa(state.register, cursor.uleb());
        break;
      case 0x13: // def_cfa_offset_sf
        state.setCfa(state.register, cursor.sleb() * dataAlign);
        break;
      case 0x0f: // def_cfa_expression
        state.own = ruleOfExpression(cursor.bytes(cursor.uleb()));
        break;
      case 0x10: // expression
      case 0x16: { // val_expression
        // REALIGNED says where rbp is then, and SIGNAL where all registers are.
        const register = cursor.uleb();
        cursor.skip(cursor.uleb());
        state.lose(register);
        break;
      }
      case 0x2e: // GNU_args_size
        cursor.uleb();
        break;
      default:
        throw new RangeError(`no instruction has the number ${code}`);
    }
  }

  #remember(): void {
    if (this.#remembered.length === MAX_REMEMBERED) throw new RangeError("it remembers too much");
    const copy = new State();
    copy.copy(this.#state);
    this.#remembered.push(copy);
  }
}

/** The CFA of linkage stubs: rsp + 8 + ((rip & 15) >= N ? 8 : 0). */
const STUB = /^770880003f1a(3[0-9a-f])2a332422$/;
/** Of the code behind signal handlers: the rsp in the kernel's struct sigcontext. */
const SIGNAL = /^77a00106$/;
/** Of functions that align their stack: *(rbp + N). */
const REALIGNED = /^76([0-9a-f]{2})06$/;

/** The rule that an expression for the CFA stands for. */
function ruleOfExpression(bytes: Uint8Array): number {
  const code = bytes.length > 16 ? "" : bytes.toHex();
  const stub = STUB.exec(code);
  if (stub) return frameRule(FrameRule.STUB, parseInt(stub[1]!, 16) - 0x30);
  if (SIGNAL.test(code)) return FrameRule.SIGNAL;
  const realigned = REALIGNED.exec(code);
  // The number is a signed one of seven bits.
  const number = realigned ? parseInt(realigned[1]!, 16) : 0x80;
  if (number >= 0x80) return FrameRule.UNSUPPORTED;
  return frameRule(FrameRule.REALIGNED, (number < 0x40 ? number : number - 0x80) / WORD);
}
