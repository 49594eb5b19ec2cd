/**
 * Compiles an entry of compile.sh's into an executable by Bun.
 *
 *     bun run scripts/bun_compile.ts ENTRY.ts OUTPUT [BUN]
 *
 * BUN is the runtime inside, by default the one that runs this; it may be for another machine.
 *
 * Bun's command does the same but for one thing: the objects of kernel programs, text in their modules,
 * become files inside the executable. As text they were in it as base64 in the bundle and again in its
 * bytecode: 2.0 MB with all tools, which are 0.8 now.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { constants, zstdCompressSync } from "node:zlib";

/** The part of Bun's bundler that is used here. */
interface Bundler {
  build(options: {
    entrypoints: string[];
    format: "esm";
    bytecode: true;
    minify: { whitespace: boolean; syntax: boolean };
    compile: Record<string, string | boolean>;
    plugins: { name: string; setup(build: Loading): void }[];
  }): Promise<{ success: boolean; logs: unknown[] }>;
}

interface Loading {
  onResolve(
    constraints: { filter: RegExp },
    resolve: (asked: { path: string }) => { path: string; namespace: string },
  ): void;
  onLoad(
    constraints: { filter: RegExp; namespace?: string },
    load: (asked: { path: string }) => Promise<Loaded> | Loaded,
  ): void;
}

type Loaded =
  | { contents: string; loader: "js" }
  | { contents: Uint8Array; loader: "file" };

const [entry, output, base] = process.argv.slice(2) as [string, string, string?];

/** What Bun calls the system that an executable is for, by e_machine of its header and the loader that it names. */
function targetOf(path: string): string {
  const file = readFileSync(path);
  const name = { 62: "x64", 183: "arm64" }[file.readUInt16LE(18)];
  if (name === undefined) throw new Error(`${path} is for no machine that is known here`);
  // Headers and that name are at the beginning.
  const isMusl = file.subarray(0, 4096).includes("/lib/ld-musl-");
  return `bun-linux-${name}${isMusl ? "-musl" : ""}`;
}

/**
 * What reads an object of a file inside; its name ends as those of modules of scripts/objects.sh do. By Bun's
 * own functions: node:fs and node:zlib take 5 ms of the start and 3 MiB.
 */
const reader = (file: string) =>
  `import file from ${JSON.stringify(file)};
const { buffer, byteOffset, length } = Bun.zstdDecompressSync(await Bun.file(file).bytes());
export default new Uint8Array(buffer, byteOffset, length);
`;

async function packed(path: string): Promise<Uint8Array> {
  const { default: object } = await import(path) as { default: Uint8Array };
  return zstdCompressSync(object, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
}

const { Bun: bun } = globalThis as unknown as { Bun: Bundler };
const { success, logs } = await bun.build({
  entrypoints: [entry],
  format: "esm",
  // Bytecode makes opensnoop ready in 48 ms instead of 62.
  bytecode: true,
  // Functions keep their names. There is no source map, which would hold every file once more (4 MB with all tools).
  minify: { whitespace: true, syntax: true },
  compile: {
    outfile: output,
    ...base === undefined ? {} : { executablePath: base, target: targetOf(base) },
    // The executables run as root in folders of others: they must not take a .env, a bunfig.toml or the like from there.
    autoloadDotenv: false,
    autoloadBunfig: false,
    autoloadTsconfig: false,
    autoloadPackageJson: false,
  },
  plugins: [{
    name: "objects as files",
    setup(build) {
      build.onLoad({ filter: /\.bpf\.o\.ts$/ }, ({ path }) => ({
        contents: reader(`${path}.zst`),
        loader: "js",
      }));
      build.onResolve(
        { filter: /\.bpf\.o\.ts\.zst$/ },
        ({ path }) => ({ path, namespace: "object" }),
      );
      build.onLoad({ filter: /./, namespace: "object" }, async ({ path }) => ({
        contents: await packed(path.slice(0, -".zst".length)),
        loader: "file",
      }));
    },
  }],
});
if (!success) {
  for (const log of logs) console.error(log);
  process.exit(1);
}
