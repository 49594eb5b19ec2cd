/**
 * Names of Python frames, which the kernel side puts between native ones (python_frames.h).
 *
 * @module
 */

import { type Bpf, type BpfMap, bytes, type Infer, struct, u32 } from "../../mod.ts";
import { CodeKey } from "./code_key.ts";
import { pythonLine } from "./python_lines.ts";

const [NAME_BYTES, FILE_BYTES, LINES_BYTES] = [128, 256, 1024];

const Text = struct("python_text", { state: u32, length: u32 });
const Code = struct("python_code", {
  line: u32,
  lines_length: u32,
  name: Text,
  file: Text,
  name_text: bytes(NAME_BYTES),
  file_text: bytes(FILE_BYTES),
  lines: bytes(LINES_BYTES),
});

/** Names code objects of Python. */
export class PythonNames {
  readonly #codes: BpfMap<CodeKey, Infer<typeof Code>>;

  /** @param bpf includes python_frames.h */
  constructor(bpf: Bpf) {
    this.#codes = bpf.map("python_codes", CodeKey, Code);
  }

  /** `python: fn (file.py:12)`; undefined for code that the kernel side does not know. */
  nameOf(key: CodeKey, instruction: number): string | undefined {
    const found = this.#codes.get(key);
    return found && `python: ${nameOf(found, instruction)}`;
  }
}

function nameOf(code: Infer<typeof Code>, instruction: number): string {
  const name = textOf(code.name, code.name_text) || "?";
  const path = textOf(code.file, code.file_text);
  const lines = code.lines.subarray(0, code.lines_length);
  const line = pythonLine(lines, code.line, instruction);
  const file = path.slice(path.lastIndexOf("/") + 1);
  return `${name} (${file}${line === undefined ? "" : `:${line}`})`;
}

/** Text as the interpreter keeps it: one, two or four bytes a character. */
function textOf({ state, length }: Infer<typeof Text>, bytes: Uint8Array): string {
  const width = state >>> 2 & 7;
  const part = bytes.subarray(0, length);
  if (width !== 1 && width !== 2 && width !== 4) return "";
  const view = new DataView(part.buffer, part.byteOffset, part.length - part.length % width);
  let text = "";
  for (let at = 0; at < view.byteLength; at += width) {
    const point = width === 1
      ? view.getUint8(at)
      : width === 2
      ? view.getUint16(at, true)
      : view.getUint32(at, true);
    text += point > 0x10ffff ? "\ufffd" : String.fromCodePoint(point);
  }
  return text;
}
