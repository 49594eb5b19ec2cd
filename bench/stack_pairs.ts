/**
 * Parses the stacks that two tracers printed, and pairs those of the same moment.
 *
 * @module
 */

/**
 * End of the address range of code: the main stack is above. Our tagged frames of interpreted code are above, too.
 */
const CODE_END = 0x7ff000000000n;
/** How many of our stacks to search for the one that matches perf's next stack. */
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

/** Numbers below are offsets in files, numbers above are addresses in memory: no file is as long. */
const FILE_END = 1n << 36n;

function rangesOf(maps: string, line: RegExp): bigint[][] {
  return maps.split("\n").flatMap((text) => {
    const [, start, end, offset] = line.exec(text) ?? [];
    return start ? [[start, end, offset].map((digits) => BigInt(`0x${digits}`))] : [];
  });
}

/**
 * Cuts stacks at the first address that is not in executable memory: it is no return address, so perf's unwinding
 * failed. That happens in the outermost frames of large programs, whose stacks perf copies only in part.
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

/** Replaces addresses by offsets in the file that is mapped there, as perf prints them. */
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

/** Yields the samples that both tracers have: in order, with the same innermost address. */
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

/** Whether two frames are the same: perf prints the return address less one, we print the return address. */
export const isSame = (a: bigint, b: bigint) => a === b || a === b + 1n;
