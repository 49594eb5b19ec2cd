// Not in guests: it reads files, which no kernel changes.
/** Functions that compilers put into others, compared with binutils and LLVM. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { ElfFile } from "../../bpf/elf/elf_file.ts";
import { PROJECT } from "../support/build.ts";
import { Folder } from "../support/workload.ts";

/** Of each address, innermost first: names of inlined functions, and the line that each is called at. */
type Calls = readonly string[];

/** As they tell them: of each address itself, and then a function and a place for each call. */
function known(tool: string, path: string, addresses: readonly number[]): Calls[] {
  // As arguments: Deno writes all of `input` before it reads, and both pipes would be full.
  const places = addresses.map((address) => `0x${address.toString(16)}`);
  const options = { encoding: "utf8", maxBuffer: 2 ** 26 } as const;
  const output = execFileSync(tool, ["-aif", "-e", path, ...places], options);
  return output.split(/^0x[0-9a-f]+\n/m).slice(1).map((text) => {
    const lines = text.trimEnd().split("\n");
    const names = lines.filter((_, i) => i % 2 === 0);
    const places = lines.filter((_, i) => i % 2 === 1)
      .map((line) => line.replace(/^.*\//, "").replace(/ \(discriminator \d+\)$/, ""));
    return names.slice(0, -1).map((name, i) => `${name} from ${places[i + 1]}`);
  });
}

function found(file: ElfFile, addresses: readonly number[]): Calls[] {
  return addresses.map((address) =>
    (file.inlined?.at(address) ?? []).map(({ name, caller }) =>
      `${name} from ${caller?.file.replace(/^.*\//, "")}:${caller?.line}`
    )
  );
}

const COMPILERS = [
  ["gcc", "-gdwarf-3"],
  ["gcc", "-gdwarf-4"],
  ["gcc", "-gdwarf-5"],
  ["clang", "-gdwarf-4"],
  ["clang", "-gdwarf-5"],
] as const;
for (const [compiler, version] of COMPILERS) {
  test(`inlined functions are those that binutils or LLVM tell, ${compiler} ${version}`, () => {
    using folder = new Folder();
    const path = `${folder.path}/program`;
    const flags = ["-O2", "-g", version, "-w", "-o", path];
    execFileSync(compiler, [...flags, `${PROJECT}tests/support/tcp.c`, "-lpthread"]);
    using file = new ElfFile(path);
    const { address, size } = file.section(".text")!;
    const addresses = Array.from({ length: Math.ceil(size / 3) }, (_, i) => address + 3 * i);
    // binutils 2.40 does not see what clang writes of version 5 in lists of ranges.
    const oracle = compiler === "clang" ? "llvm-addr2line" : "addr2line";
    const calls = known(oracle, path, addresses);
    assert.ok(calls.filter((calls) => calls.length > 0).length > 100);
    // Not all at once: to show how two such lists differ takes minutes.
    const ours = found(file, addresses);
    const wrong = ours.findIndex((names, i) => names.join() !== calls[i]!.join());
    assert.deepEqual(ours[wrong], calls[wrong], `at ${addresses[wrong]}`);
  });
}
