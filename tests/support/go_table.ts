/**
 * A table of three functions as Go's linker writes it (.gopclntab).
 *
 * @module
 */

/**
 * For each function: name, offset of its code, and [value, end offset] pairs of stack growth and
 * source lines.
 */
const FUNCTIONS = [
  { name: "main.leaf", at: 0x100, stack: [[0, 0x20]], lines: [[7, 0x20]] },
  {
    name: "main.(*T).call",
    at: 0x120,
    stack: [[0, 4], [24, 0x3c], [0, 0x40]],
    lines: [[12, 8], [9, 0x40]],
  },
  { name: "runtime.goexit", at: 0x160, stack: [[0, 0x10]], lines: [[300, 0x10]] },
] as const;
const END = 0x170;
/** The address at which elfImage() loads files. */
const TEXT = 0x1000;

/** A table as Go 1.20 writes it, or its first `length` bytes. */
export function goTable(length = Infinity): Uint8Array<ArrayBuffer> {
  const bytes: number[] = new Array(72).fill(0);
  const view = () => new DataView(Uint8Array.from(bytes).buffer);
  const put = (at: number, value: number, size: number) => {
    for (let i = 0; i < size; i++) bytes[at + i] = Math.floor(value / 2 ** (8 * i)) % 256;
  };
  const text = (value: string) => bytes.push(...new TextEncoder().encode(value), 0);
  const part = (index: number) => put(32 + 8 * index, bytes.length, 8);
  put(0, 0xfffffff1, 4);
  bytes.splice(6, 2, 1, 8);
  put(8, FUNCTIONS.length, 8);
  put(24, TEXT, 8);
  part(0);
  const names = FUNCTIONS.map(({ name }) => {
    const at = bytes.length;
    text(name);
    return at - 72;
  });
  part(1);
  bytes.push(0, 0, 0, 0);
  part(2);
  text("src/main.go");
  part(3);
  const values = bytes.length;
  bytes.push(0); // offset 0 means that there is no table
  const table = (steps: readonly (readonly number[])[]) => {
    const at = bytes.length - values;
    let [value, from] = [-1, 0];
    for (const [next = 0, to = 0] of steps) {
      const change = next - value;
      for (let left of [change < 0 ? -2 * change - 1 : 2 * change, to - from]) {
        for (; left >= 0x80; left = left >>> 7) bytes.push(left & 0x7f | 0x80);
        bytes.push(left);
      }
      [value, from] = [next, to];
    }
    bytes.push(0);
    return at;
  };
  const tables = FUNCTIONS.map(({ stack, lines }) =>
    [table(stack), table([[0, lines.at(-1)![1]]]), table(lines)] as const
  );
  part(4);
  const functions = bytes.length;
  bytes.length += (FUNCTIONS.length + 1) * 8;
  bytes.fill(0, functions);
  FUNCTIONS.forEach(({ at }, i) => {
    put(functions + 8 * i, at, 4);
    put(functions + 8 * i + 4, bytes.length - functions, 4);
    const about = bytes.length;
    bytes.length += 44;
    bytes.fill(0, about);
    put(about, at, 4);
    put(about + 4, names[i]!, 4);
    tables[i]!.forEach((table, n) => put(about + 16 + 4 * n, table, 4));
  });
  put(functions + 8 * FUNCTIONS.length, END, 4);
  return new Uint8Array(view().buffer).slice(0, length);
}
