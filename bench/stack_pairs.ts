/**
 * Stacks of two tracers: what each printed, and which of them are of the same moment.
 *
 * @module
 */

/** Code ends there: behind it lies the main stack. Our frames of interpreters are no addresses. */
const CODE_END = 0x7ff000000000n;
/** How far the two lists of a thread may run apart. */
const AHEAD = 200;

/** Stacks of one tracer by thread, in the order they were taken: addresses, innermost first. */
export type Stacks = Map<number, bigint[][]>;

export function parseOurs(text: string): Stacks {
  const stacks: Stacks = new Map();
  let stack: bigint[] | undefined;
  for (const line of text.split("\n")) {
    const [, address] = /^ {8}([ 0-9a-f]{16}) /.exec(line) ?? [];
    const [, tid] = /^\d+\s+(\d+)\s/.exec(line) ?? [];
    if (tid !== undefined) {
      stack = [];
      const list = stacks.get(Number(tid));
      if (list) list.push(stack);
      else stacks.set(Number(tid), [stack]);
    } else if (address !== undefined) stack?.push(BigInt(`0x${address.trim()}`));
  }
  return withoutEmpty(stacks);
}

export function parsePerf(text: string): Stacks {
  const stacks: Stacks = new Map();
  for (const part of text.split(/\n\s*\n/)) {
    const [head = "", ...lines] = part.trim().split("\n");
    const tid = Number(/\d+/.exec(head)?.[0]);
    const stack = lines.map((line) => BigInt(`0x${line.trim().split(/\s/)[0]}`));
    const list = stacks.get(tid);
    if (list) list.push(stack);
    else stacks.set(tid, [stack]);
  }
  return withoutEmpty(stacks);
}

function withoutEmpty(stacks: Stacks): Stacks {
  return new Map([...stacks].map(([tid, list]) => [
    tid,
    list.map((stack) => stack.filter((address) => address > 4096n && address < CODE_END))
      .filter((stack) => stack.length > 0),
  ]));
}

/** No file is as long: what is above is an address and no place in a file. */
const FILE_END = 1n << 36n;

function rangesOf(maps: string, line: RegExp): bigint[][] {
  return maps.split("\n").flatMap((text) => {
    const [, start, end, offset] = line.exec(text) ?? [];
    return start ? [[start, end, offset].map((digits) => BigInt(`0x${digits}`))] : [];
  });
}

/**
 * Stacks up to the first address that is in no executable memory: nothing returns there, so perf has lost its way.
 * It tells so of the outermost frames of large programs, whose stacks it copies in part.
 */
export function inCode(stacks: Stacks, maps: string): Stacks {
  const ranges = rangesOf(maps, /^(\w+)-(\w+) ..x. (\w+) /);
  const isCode = (address: bigint) =>
    address < FILE_END || ranges.some(([from, to]) => address >= from! && address < to!);
  return new Map([...stacks].map(([tid, list]) => [
    tid,
    list.map((stack) => {
      const end = stack.findIndex((address) => !isCode(address));
      return end < 0 ? stack : stack.slice(0, end);
    }).filter((stack) => stack.length > 0),
  ]));
}

/** Addresses as perf prints them: in the file that is mapped there. */
export function inFiles(stacks: Stacks, maps: string): Stacks {
  const ranges = rangesOf(maps, /^(\w+)-(\w+) ..x. (\w+) \S+ [1-9]/);
  const placed = new Map<bigint, bigint>();
  const place = (address: bigint) => {
    const [start = 0n, , offset = 0n] =
      ranges.find(([from, to]) => address >= from! && address < to!) ?? [];
    return address - start + offset;
  };
  return new Map([...stacks].map(([tid, list]) => [
    tid,
    list.map((stack) =>
      stack.map((address) => {
        if (!placed.has(address)) placed.set(address, place(address));
        return placed.get(address)!;
      })
    ),
  ]));
}

/** The samples that both have: those whose innermost addresses are the same, in order. */
export function* pairs(ours: Stacks, theirs: Stacks): Generator<[bigint[], bigint[]]> {
  for (const [tid, list] of theirs) {
    const own = ours.get(tid) ?? [];
    let at = 0;
    for (const stack of list) {
      const next = own.slice(at, at + AHEAD).findIndex((each) => each[0] === stack[0]);
      if (next < 0) continue;
      yield [own[at + next]!, stack];
      at += next + 1;
    }
  }
}

/** perf tells the address of a call, we where it returns to. */
export const isSame = (a: bigint, b: bigint) => a === b || a === b + 1n;
