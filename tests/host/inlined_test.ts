// Not in guests: it reads files, which no kernel changes.
/** Inlined functions at addresses, compared with the answers of binutils and LLVM. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { ElfFile } from "../../bpf/elf/elf_file.ts";
import { PROJECT } from "../support/build.ts";
import { Folder } from "../support/workload.ts";

/**
 * For one address, innermost first: `FUNCTION from FILE:LINE`, the inlined function and its call site.
 */
type Calls = readonly string[];

/**
 * The calls as addr2line prints them: for each address the address, then a function and a location for
 * each frame.
 */
function known(tool: string, path: string, addresses: readonly number[]): Calls[] {
  // Passed as arguments: Deno writes all of `input` before it reads the output, which would block on
  // full pipes.
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
    // binutils 2.40 cannot read clang's range lists of DWARF 5, so LLVM's tool checks clang's output.
    const oracle = compiler === "clang" ? "llvm-addr2line" : "addr2line";
    const calls = known(oracle, path, addresses);
    assert.ok(calls.filter((calls) => calls.length > 0).length > 100);
    // Compares element by element: printing the difference of two such lists would take minutes.
    const ours = found(file, addresses);
    const wrong = ours.findIndex((names, i) => names.join() !== calls[i]!.join());
    assert.deepEqual(ours[wrong], calls[wrong], `at ${addresses[wrong]}`);
  });
}
