// For every tool, the minimized BTF that libbpf gets agrees with the kernel's BTF.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, BtfKind } from "../../bpf/btf/btf.ts";
import { checkBtf } from "../../bpf/btf/check_btf.ts";
import { coreNames } from "../../bpf/object/core_relocations.ts";
import { sectionBytes } from "../../bpf/object/check_object.ts";
import { kernelBtf } from "../../bpf/btf/kernel_btf.ts";
import { minimizedBtf } from "../../bpf/object/minimized_btf.ts";
import { tools } from "../../tools/list.ts";

const COMPOSITE = [BtfKind.STRUCT, BtfKind.UNION];

/** Offsets and sizes in bits of a struct's members that are unnamed or have one of these names. */
function places(btf: Btf, id: number, names: ReadonlySet<string>) {
  return btf.members(id)
    .filter(({ name }) => name === "" || names.has(name))
    .map(({ name, bitOffset, bitSize }) => ({ name, bitOffset, bitSize }));
}

for (const [name, load] of Object.entries(tools)) {
  const { object } = (await load()).default;
  if (!(object instanceof Uint8Array)) continue; // compiled at run time: it has no relocations
  test(`minimizedBtf() has for ${name} what the kernel has`, () => {
    const names = coreNames(
      new Btf(sectionBytes(object, ".BTF")!),
      sectionBytes(object, ".BTF.ext")!,
    );
    const bytes = names && minimizedBtf(kernelBtf(), names);
    // Every kernel has the types that opensnoop reads; other tools may read none, or types of
    // modules.
    if (name === "opensnoop") assert.ok(bytes);
    if (!bytes) return;
    assert.equal(checkBtf(bytes), undefined);
    const excerpt = new Btf(bytes);
    for (const [type, ids] of kernelBtf().named(names.types, ...COMPOSITE)) {
      const copies = excerpt.named([type], ...COMPOSITE).get(type) ?? [];
      assert.equal(copies.length, ids.length, type);
      for (const [i, id] of ids.entries()) {
        const copy = copies[i]!;
        assert.equal(excerpt.size(copy), kernelBtf().size(id), type);
        assert.deepEqual(
          places(excerpt, copy, names.members),
          places(kernelBtf(), id, names.members),
          type,
        );
      }
    }
  });
}
