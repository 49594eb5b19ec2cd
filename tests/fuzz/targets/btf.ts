/**
 * Fuzz targets: readers of BTF, of objects and of kernels.
 *
 * @module
 */

import { BpfError } from "../../../bpf/base/errors.ts";
import { Btf, BtfKind } from "../../../bpf/btf/btf.ts";
import { checkBtf } from "../../../bpf/btf/check_btf.ts";
import { sectionBytes } from "../../../bpf/object/check_object.ts";
import { coreNames } from "../../../bpf/object/core_relocations.ts";
import { minimizedBtf } from "../../../bpf/object/minimized_btf.ts";
import killsnoop from "../../../tools/killsnoop/killsnoop.bpf.o.ts";
import { btfBlob } from "../../support/btf_blob.ts";
import { type AnyTarget, isOurRange, must, Refused, type Sample, type Target } from "../target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const K = BtfKind;
const INT = { kind: K.INT, name: "int", word: 4, words: [0x01000020] };

function blob(): Bytes {
  return Uint8Array.from(btfBlob([
    INT,
    { kind: K.STRUCT, name: "s", word: 16, parts: 2, words: ["a", 1, 0, "b", 5, 64] },
    { kind: K.UNION, name: "u", word: 4, parts: 1, words: ["a", 1, 0] },
    { kind: K.ENUM, name: "e", word: 4, parts: 2, flag: true, words: ["x", 1, "y", 2] },
    { kind: K.PTR, word: 2 },
    { kind: K.ARRAY, words: [2, 1, 8] },
    { kind: K.TYPEDEF, name: "t", word: 6 },
    { kind: K.FUNC_PROTO, word: 1, parts: 1, words: ["p", 7] },
    { kind: K.FUNC, name: "f", word: 8 },
    { kind: K.VAR, name: "v", word: 1, words: [1] },
    { kind: K.DATASEC, name: ".data", word: 4, parts: 1, words: [10, 0, 4] },
    { kind: K.FLOAT, name: "double", word: 8 },
    { kind: K.STRUCT, name: "bits", word: 4, parts: 1, flag: true, words: ["b", 1, 3 << 24] },
    { kind: K.ENUM64, name: "e64", word: 8, parts: 1, words: ["z", 1, 0] },
    { kind: K.CONST, word: 2 },
  ]));
}

const section = (name: string) => Uint8Array.from(sectionBytes(killsnoop, name)!);

function samples(): Sample<Bytes>[] {
  const value = section(".BTF");
  // A member whose type is a function.
  const odd = Uint8Array.from(btfBlob([
    INT,
    { kind: K.STRUCT, name: "s", word: 4, parts: 1, words: ["a", 4, 0] },
    { kind: K.FUNC_PROTO, word: 1 },
    { kind: K.FUNC, name: "f", word: 3 },
  ]));
  return [{ value: blob() }, { value: odd }, { value, hot: [[0, 24], [24, value.length / 2 | 0]] }];
}

const btf: Target<Bytes> = {
  name: "btf",
  what: "type information",
  samples,
  run(bytes) {
    if (checkBtf(bytes) !== undefined) throw new Refused();
    const types = new Btf(bytes);
    for (let id = 0; id <= types.length; id++) {
      types.name(id);
      types.type(id);
      if (types.kind(id) === K.STRUCT) types.members(id);
    }
    types.variables(".data");
    types.find("s", K.STRUCT);
    const names = {
      types: new Set(["s", "event", "trace_event_raw_sys_enter"]),
      members: new Set(["a", "id"]),
    };
    const excerpt = minimizedBtf(types, names, false);
    must(!excerpt || checkBtf(excerpt) === undefined, "its excerpt does not hold together");
  },
};

const kernel: Target<Bytes> = {
  name: "raw_btf",
  what: "type information that nobody has checked",
  samples,
  isRefusal: (error) => isOurRange(error) || error instanceof RangeError,
  run(bytes) {
    const types = new Btf(bytes);
    must(types.length <= bytes.length / 12, "there are more types than fit");
    types.find("s", K.STRUCT);
  },
};

const relocations: Target<Bytes> = {
  name: "core",
  what: "CO-RE relocations of an object",
  samples: () => {
    const value = section(".BTF.ext");
    return [{ value, hot: [[0, 32], [value.length - 600, value.length]] }, { value }];
  },
  isRefusal: (error) => error instanceof BpfError,
  run: (() => {
    let types: Btf | undefined;
    return (bytes: Bytes) => {
      types ??= new Btf(section(".BTF"));
      const names = coreNames(types, bytes);
      must(!names || names.types.size > 0, "there are relocations of nothing");
    };
  })(),
};

/** Readers of BTF. */
export const BTF_TARGETS: readonly AnyTarget[] = [btf, kernel, relocations];
