/**
 * Compiles an entry module of compile.sh into an executable by Bun.
 *
 *     bun run scripts/bun_compile.ts ENTRY.ts OUTPUT [BUN]
 *
 * BUN is the binary that becomes the executable's runtime, by default the one that runs this; it may be for another
 * architecture.
 *
 * It differs from `bun build --compile` in one thing: kernel objects, which are base64 text in their modules, become
 * embedded files. As text they would be in the executable twice, in the bundle and in its bytecode: 2.0 MB for all
 * tools instead of 0.8 MB.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { constants, zstdCompressSync } from "node:zlib";

/** The part of Bun's bundler API that is used here: Deno checks this file without Bun's types. */
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

/** Bun's name of the target of a binary, from e_machine in its ELF header and the path of its loader. */
function targetOf(path: string): string {
  const file = readFileSync(path);
  const name = { 62: "x64", 183: "arm64" }[file.readUInt16LE(18)];
  if (name === undefined) throw new Error(`${path} is for no machine that is known here`);
  // The ELF header and the loader's path are in the first page.
  const isMusl = file.subarray(0, 4096).includes("/lib/ld-musl-");
  return `bun-linux-${name}${isMusl ? "-musl" : ""}`;
}

/**
 * The text of a module that reads an object from an embedded file, with the same default export as modules of
 * scripts/objects.sh. It uses Bun's own functions, because loading node:fs and node:zlib takes 5 ms and 3 MiB.
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
  // Identifiers are not minified. There is no source map: it would contain every file once more (4 MB with all tools).
  minify: { whitespace: true, syntax: true },
  compile: {
    outfile: output,
    ...base === undefined ? {} : { executablePath: base, target: targetOf(base) },
    // Security: executables run as root in folders of other users, and must not load a .env or bunfig.toml from there.
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
