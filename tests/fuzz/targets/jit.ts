/**
 * Fuzz targets: readers of perf maps and jitdump files, which just-in-time compilers write.
 *
 * @module
 */

import { openForeign } from "../../../bpf/proc/open_foreign.ts";
import type { CompiledFunction } from "../../../bpf/symbols/code_ranges.ts";
import { JitDump } from "../../../bpf/symbols/jitdump.ts";
import { PerfMap } from "../../../bpf/symbols/perf_map.ts";
import { close, memfd } from "../../../ffi/libc/files.ts";
import { type AnyTarget, must, type Target } from "../target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const bytesOf = (text: string): Bytes => new TextEncoder().encode(text);

/** The common interface of both readers. */
interface Reader extends Disposable {
  look(): void;
  at(address: number): CompiledFunction | undefined;
}

function readAll(bytes: Bytes, open: (path: string) => Reader): void {
  const fd = memfd("fuzz", bytes);
  try {
    using reader = open(`/proc/self/fd/${fd}`);
    reader.look();
    reader.look();
    for (const address of [0, 0x1000, 0x1010, 0x1fff, 0x2000, 0x3008, 2 ** 47, 2 ** 53 - 1]) {
      const found = reader.at(address);
      if (!found) continue;
      must(found.start <= address, "a function begins behind its address");
      must(found.name !== "" && found.name.length <= bytes.length, "a name is odd");
    }
  } finally {
    close(fd);
  }
}

const perfMap: Target<Bytes> = {
  name: "perf_map",
  what: "perf-PID.map of just-in-time compilers",
  samples: () =>
    [
      "1000 20 JS:^name /path:1:14\n2000 0 py::K.m:/file\n0x3000 0x10 a b\r\n",
      "1000\t20\tone\n\n 1000 10 two\0\0\n2000 20 torn",
      "ffffffffffffffff 10 high\n0 ffffffffffffffff all\n1000 20 \u2028\n",
    ].map((text) => ({ value: bytesOf(text) })),
  run: (bytes) => readAll(bytes, (path) => new PerfMap(openForeign(path))),
};

/** A jitdump file: header, code load record, code move record, end. */
function dump(): Bytes {
  const value = new Uint8Array(40 + 80 + 64 + 16);
  const view = new DataView(value.buffer);
  [0x4a695444, 1, 40, 62, 0, 7].forEach((word, i) => view.setUint32(4 * i, word, true));
  const record = (at: number, kind: number, size: number, words: readonly bigint[]) => {
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, size, true);
    words.forEach((word, i) => view.setBigUint64(at + 8 + 8 * i, word, true));
  };
  record(40, 0, 80, [1n, 7n, 0x1000n, 0x1000n, 32n, 1n]);
  value.set(bytesOf("name\0"), 40 + 56);
  record(120, 1, 64, [2n, 7n, 0x3000n, 0x1000n, 0x3000n, 32n, 1n]);
  record(184, 3, 16, [3n]);
  return value;
}

const jitdump: Target<Bytes> = {
  name: "jitdump",
  what: "jit-PID.dump of just-in-time compilers",
  samples: () => [{ value: dump() }],
  run: (bytes) => readAll(bytes, (path) => new JitDump(openForeign(path))),
};

/** Readers of symbol files of just-in-time compilers. */
export const JIT_TARGETS: readonly AnyTarget[] = [perfMap, jitdump];
