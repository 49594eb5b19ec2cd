/**
 * Makes a folder for `npm pack`: the library with its types, the tools and the command `ts-bcc`, as
 * JavaScript, which both runtimes run from node_modules.
 *
 *     deno run --allow-all --no-check scripts/npm_package.ts VERSION FOLDER
 *
 * `deno pack` does most of it: it writes JavaScript and declarations, and takes the dependencies from
 * `npm:` imports. This script chooses the files, and sets the package's name and command.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
/** The sources of the library and of the command. */
const SOURCES = ["*.ts", "{bpf,cli,ffi,toolkit,tools}/**/*.ts"];
const NOT_INSIDE = /_test\.ts$|\.cases\.ts$/;
/** `deno pack` converts only exported modules: the command is an extra export while packing. */
const COMMAND = { "./command": "./cli/ts_bcc.ts" };
const TEXTS = ["LICENSE", "NOTICE", "README.md"];

type Settings = Record<string, Record<string, unknown>>;

const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Settings;
const write = (path: string, value: unknown) =>
  writeFileSync(path, JSON.stringify(value, null, 2) + "\n");

/** Copies the sources to a folder, with a deno.json that refers to no files outside of it. */
function stage(folder: string): void {
  const sources = globSync(SOURCES, { cwd: PROJECT }).filter((path) => !NOT_INSIDE.test(path));
  for (const path of [...sources, ...TEXTS]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    copyFileSync(join(PROJECT, path), join(folder, path));
  }
  const { name, version, license, exports, imports, compilerOptions } = read(
    join(PROJECT, "deno.json"),
  );
  const own = Object.entries(imports!).filter(([, target]) => String(target).startsWith("./"));
  const { types: _, ...options } = compilerOptions!;
  write(join(folder, "deno.json"), {
    ...{ name, version, license },
    exports: { ...exports, ...COMMAND },
    imports: Object.fromEntries(own),
    compilerOptions: options,
  });
}

/**
 * Completes package.json: exact versions of dependencies as in the sources, the command, `os` and
 * `cpu`.
 */
function complete(path: string): void {
  const { main: _, ...made } = read(path);
  for (const name of Object.keys(COMMAND)) delete made.exports![name];
  const versions = Object.entries(made.dependencies!)
    .map(([name, range]) => [name, String(range).replace(/^\^/, "")]);
  write(path, {
    ...made,
    name: "ts-bcc",
    description:
      "eBPF tracing tools in TypeScript, and the library to write one: bcc for Deno and Bun",
    keywords: ["bcc", "bpf", "ebpf", "tracing"],
    bin: { "ts-bcc": "bin/ts-bcc" },
    os: ["linux"],
    cpu: ["x64", "arm64"],
    dependencies: Object.fromEntries(versions),
  });
}

function main([version, folder]: readonly string[]): void {
  const staged = join(folder!, "staged");
  mkdirSync(staged, { recursive: true });
  stage(staged);
  const packed = join(folder!, "packed.tgz");
  execFileSync(process.execPath, [
    ...["pack", "--quiet", "--allow-dirty", "--no-source-maps"],
    ...["--set-version", version!, "--output", packed],
  ], { cwd: staged, stdio: ["ignore", "ignore", "inherit"] });
  execFileSync("tar", ["-xzf", packed, "-C", folder!]);
  rmSync(staged, { recursive: true });
  rmSync(packed);
  complete(join(folder!, "package/package.json"));
  mkdirSync(join(folder!, "package/bin"));
  cpSync(join(PROJECT, "scripts/npm_package/ts-bcc"), join(folder!, "package/bin/ts-bcc"));
}

main(process.argv.slice(2));
