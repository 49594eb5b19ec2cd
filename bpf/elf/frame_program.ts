/**
 * Executes call frame instructions (DW_CFA_*). Only what unwinding needs is tracked: the CFA, rbp
 * and the return address.
 *
 * @module
 */

import type { ByteCursor } from "./byte_cursor.ts";
import { FrameRule, frameRule, RBP_LOST } from "./frame_rule.ts";

// The numbers of the registers in DWARF: System V ABI, AMD64 supplement, figure 3.36.
const [RBP, RSP, RIP] = [6, 7, 16];
const WORD = 8;
const LOST = 1;
/** Nesting limit of DW_CFA_remember_state; compilers nest one level. */
const MAX_REMEMBERED = 64;

/** The unwind state at an address. */
class State {
  /** The CFA: a register and an offset, or instead a rule for an expression. */
  register = RSP;
  distance = WORD;
  own = 0;
  /** Where rbp is saved, in bytes from the CFA; 0: unchanged, 1: lost. */
  rbp = 0;
  /** Whether the return address is where a call puts it. */
  isReturnKept = true;
  /** Whether there is no return address: the outermost frame. */
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

  /** Sets where a register is saved, in bytes from the CFA. */
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

/** The encodings in a CIE. */
export interface ProgramOptions {
  readonly codeAlign: number;
  readonly dataAlign: number;
  /** The encoding of addresses: DW_EH_PE_*. */
  readonly encoding: number;
  /** The CIE's initial instructions, by their offset in the section. */
  readonly from: number;
  readonly end: number;
}

/** Receives rules. */
export interface RuleTable {
  add(address: number, rule: number): void;
  /** Removes the rules from that address on. */
  cut(address: number): void;
}

/** Executes the instructions of all functions of a CIE. */
export class FrameProgram {
  readonly #cursor: ByteCursor;
  readonly #options: ProgramOptions;
  /** The state at the entry of a function. */
  readonly #initial = new State();
  readonly #state = new State();
  readonly #remembered: State[] = [];

  /** @throws {RangeError} when the initial instructions are truncated */
  constructor(cursor: ByteCursor, options: ProgramOptions) {
    this.#cursor = cursor;
    this.#options = options;
    this.#run(0, Infinity, options.from, options.end, { add() {}, cut() {} });
    this.#initial.copy(this.#state);
  }

  /**
   * Adds the rules of a function, whose instructions are from offset `from` to `to`; none when they
   * are truncated.
   */
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

  /** Instructions that do not advance the location. */
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
        // REALIGNED implies where rbp is, and SIGNAL where all registers are.
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

/** The CFA of PLT stubs: rsp + 8 + ((rip & 15) >= N ? 8 : 0). */
const STUB = /^770880003f1a(3[0-9a-f])2a332422$/;
/** The CFA of a signal trampoline: rsp in the kernel's struct sigcontext. */
const SIGNAL = /^77a00106$/;
/** The CFA of functions that realign their stack: *(rbp + N). */
const REALIGNED = /^76([0-9a-f]{2})06$/;

/** The rule for a CFA expression. */
function ruleOfExpression(bytes: Uint8Array): number {
  const code = bytes.length > 16 ? "" : bytes.toHex();
  const stub = STUB.exec(code);
  if (stub) return frameRule(FrameRule.STUB, parseInt(stub[1]!, 16) - 0x30);
  if (SIGNAL.test(code)) return FrameRule.SIGNAL;
  const realigned = REALIGNED.exec(code);
  // The offset is a 7-bit signed LEB128.
  const number = realigned ? parseInt(realigned[1]!, 16) : 0x80;
  if (number >= 0x80) return FrameRule.UNSUPPORTED;
  return frameRule(FrameRule.REALIGNED, (number < 0x40 ? number : number - 0x80) / WORD);
}
