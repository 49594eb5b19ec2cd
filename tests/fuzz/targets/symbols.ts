/**
 * Fuzz targets: readers of names and addresses: symbols, memory maps, kernel functions.
 *
 * @module
 */

import { UnsupportedError } from "../../../bpf/base/errors.ts";
import { parseMaps } from "../../../bpf/proc/map_lines.ts";
import { Memory, rangeOf } from "../../../bpf/proc/process_maps.ts";
import { demangle, demangleBytes, rustPath } from "../../../bpf/symbols/demangle.ts";
import { demangleRust } from "../../../bpf/symbols/demangle_rust.ts";
import { KernelSymbols } from "../../../bpf/symbols/kernel_symbols.ts";
import { mangledSize } from "../../../bpf/symbols/mangled_size.ts";
import { readRecord } from "../../../bpf/symbols/process_records.ts";
import { encodeText } from "../../../ffi/codec/mod.ts";
import { type AnyTarget, must, type Target } from "../target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const bytesOf = (text: string): Bytes => new TextEncoder().encode(text);

/** Upper limit for the length of a demangled name. */
const MAX_NAME = 2 ** 18;

const rust: Target<string> = {
  name: "rust",
  what: "Rust's names, old and new",
  samples: () =>
    [
      "_RNvNtCs1234_3app6worker4turn",
      "_RINvNtC3std3mem8align_ofdE",
      "_RNvXs2_NtCs_4core3fmtRNtNtB5_3num3u64NtB5_5Debug3fmt",
      "_RNCINkXs25_NgCsbmNqQUJIY6D_4core5sliceINyB9_4IterhENuNgNoBb_4iter8iterator8Iterator9rpositionNCNgNpB9_6memchr7memrchrs_0E0Bb_",
      "_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std",
      "_RMCs4fqI2P2rA04_13const_genericINtB0_4CharKc0_E",
      "_RNqCs4fqI2P2rA04_11utf8_idents30____7hkackfecea1cbdathfdh9hlq6y",
      "alloc::vec::Vec$LT$T$GT$::push::h0123456789abcdef",
      "_$LT$core..fmt..Error$u20$as$u20$Debug$GT$::fmt::h0123456789abcdef",
      "f$u110000$$constructor$$u1fffff$::h0123456789abcdef",
    ].map((value) => ({ value })),
  words: [
    "B_",
    "B0_",
    "INv",
    "Nt",
    "C3std",
    "E",
    "L_",
    "FUKC",
    "s_",
    "u30",
    "$u",
    "$LT$",
    "..",
    "Kj",
    "p",
    "T",
    "D",
  ],
  run(text) {
    for (const name of [demangleRust(text), rustPath(text)]) {
      must(name === undefined || name.length <= MAX_NAME, "a name is too long");
      must(
        !/function |native code/.test(name ?? "") || /function |native code/.test(text),
        "names of JavaScript",
      );
    }
  },
};

const cplusplus: Target<string> = {
  name: "cplusplus",
  what: "C++'s names",
  samples: () =>
    [
      "_ZN2ns1fEi",
      "_ZNSt6vectorIiSaIiEE9push_backEOi",
      "_ZNKSt8functionIFvRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEEEclES8_",
      "_ZZN3foo3barEvENKUlT_E_clIiEEDaS0_",
      "_ZTVN10__cxxabiv117__class_type_infoE",
      "_Z1fIJidEEvDpT_",
      "_Z1fILi5ELb1EEvPFvPKcE",
      "_ZN1AC1ERKS_",
      "_Z3fooIdEDTcl3barfp_EET_",
      "_Z1fSt4pairIS_IiiES_IiiEE",
    ].map((value) => ({ value })),
  words: [
    "S_",
    "S0_",
    "T_",
    "St",
    "I",
    "E",
    "N",
    "P",
    "K",
    "F",
    "Dp",
    "J",
    "_ZN",
    "L",
    "cl",
    "S0_S0_",
    "9999",
    "M",
  ],
  run(text) {
    const size = mangledSize(text);
    const name = demangle(text);
    must(name === text || name.length <= MAX_NAME, `a name of ${name.length} characters`);
    if (text.isWellFormed()) {
      const bytes = encodeText(text);
      must(
        demangleBytes(bytes, 0, bytes.length) === name,
        "bytes have another name than their text",
      );
    }
    const isLonger = name !== text && size !== undefined && name.length > size;
    must(!isLonger || name.length < 64, `${name.length} characters, though ${size} were expected`);
  },
};

const maps: Target<string> = {
  name: "maps",
  what: "/proc/PID/maps",
  samples: () => [{
    value: [
      "55d0c8a00000-55d0c8a21000 r-xp 00002000 fe:01 1234    /usr/bin/app (deleted)",
      "7f0000000000-7f0000021000 rwxp 00000000 00:00 0",
      "7f1000000000-7f1000021000 r-xs 00001000 00:01 99    /dev/zero (deleted)",
      "7ffc1e5d2000-7ffc1e5f3000 r-xp 00000000 00:00 0    [stack]",
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]",
      "7f2000000000-7f2000001000 r-xp 00000000 fe:01 77    /tmp/a\\012b c",
    ].join("\n"),
  }],
  words: [
    " (deleted)",
    "-",
    " r-xp ",
    "0",
    "ffffffffffffffff",
    " fe:01 ",
    "\\012",
    "[vdso]",
    "\n",
    "  ",
  ],
  run(text) {
    const lines = parseMaps(text.split("\n"));
    const memory = new Memory(() => lines.map((line) => rangeOf({ ...line, since: 0 })));
    for (const { start, end, path } of lines) {
      must(!path.endsWith("\n") || text.includes("\\012"), "a path ends a line");
      const found = memory.rangeAt(start);
      must(end <= start || found !== undefined, "an address is not in its own range");
    }
  },
};

const kallsyms: Target<Bytes> = {
  name: "kallsyms",
  what: "/proc/kallsyms",
  samples: () => [{
    value: bytesOf([
      "ffffffff81000000 T _stext",
      "ffffffff81000100 t asm_exc_page_fault",
      "ffffffff81000100 W alias",
      "ffffffff81000200 d data",
      "0000000000001000 A per_cpu",
      "ffffffffc0001000 t module_function\t[module]",
      "ffffffffc0002000 t bpf_prog_1\t[bpf]",
      "",
    ].join("\n")),
  }, { value: bytesOf("ffffffff81000000 T _stext\nffffffffc0001000 t torn\t") }],
  isRefusal: (error) => error instanceof UnsupportedError,
  run(bytes) {
    const symbols = new KernelSymbols(bytes);
    must(symbols.size <= bytes.length / 19, "there are more functions than lines");
    for (const address of [0n, 0xffffffff81000100n, 0xffffffff81000150n, 0xffffffffffffffffn]) {
      const found = symbols.resolve(address);
      must(!found || found.offset >= 0, "an offset is negative");
      must(!/\n/.test(`${found?.name}${found?.module}`), "a name has two lines");
    }
    symbols.resolveStack([0xffffffff81000150n, 0xffffffff81000110n, 0xffffffffc0001001n]);
    symbols.address("module_function", "module");
  },
};

const processes: Target<Bytes> = {
  name: "processes",
  what: "records of processes that perf events tell of",
  samples: () =>
    [1, 3, 4, 7, 10].map((type) => {
      const value = new Uint8Array(128);
      const view = new DataView(value.buffer);
      [type, 128 << 16, 100, 100, 7].forEach((word, i) => view.setUint32(4 * i, word, true));
      value.set(bytesOf("/usr/lib/libc.so.6\0"), 72);
      return { value };
    }),
  run(bytes) {
    // The kernel's records have at least this size.
    if (bytes.length < 88) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const record = readRecord(view, 0, bytes.length);
    must(record?.kind !== "map" || !record.range.path.includes("\0"), "a path holds a zero");
  },
};

/** Readers of names and addresses. */
export const SYMBOL_TARGETS: readonly AnyTarget[] = [
  rust,
  cplusplus,
  maps,
  kallsyms,
  processes,
];
