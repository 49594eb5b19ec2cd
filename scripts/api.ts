/**
 * The public API as text: the exports of each entry point of deno.json, without doc comments. It is kept
 * in docs/api.txt, so that every change of the API is visible to reviewers as a change of that file;
 * CHANGELOG.md explains it. `deno task docs` writes the file, `deno task docs --check` compares.
 *
 * `deno doc` prints signatures and doc comments. So it runs on copies of the sources without comments.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
/** The folders that entry points import from. */
const SOURCES = ["bpf", "ffi", "toolkit"];

/** The entry points: the subpath after the package's name in an import, and the file. */
export function entryPoints(): [name: string, file: string][] {
  const { exports } = JSON.parse(readFileSync(join(PROJECT, "deno.json"), "utf8")) as {
    exports: Record<string, string>;
  };
  return Object.entries(exports);
}

/** The text of docs/api.txt. */
export function apiText(): string {
  const bare = mkdtempSync(join(tmpdir(), "ts-bcc-api-"));
  try {
    copyWithoutComments(bare);
    const sections = entryPoints().map(([name, file]) => {
      const printed = execFileSync("deno", ["doc", "--no-config", file], {
        cwd: bare,
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1" },
        stdio: ["ignore", "pipe", "ignore"],
      });
      return `=== ${name}\n\n${signaturesOf(printed)}\n`;
    });
    return "The public API. Made by `deno task docs`: do not edit. A change of this file is a change of " +
      "the API:\nexplain it in CHANGELOG.md.\n\n" + sections.join("\n");
  } finally {
    rmSync(bare, { recursive: true });
  }
}

function copyWithoutComments(folder: string): void {
  const sources = SOURCES.flatMap((name) =>
    readdirSync(join(PROJECT, name), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.ts$/.test(file) && !/_test\.ts$|\.bpf\.o\.ts$/.test(file))
      .map((file) => join(name, file))
  );
  for (
    const file of [...sources, "mod.ts", "kernel.ts", "plumbing.ts", "compiler.ts", "unwinding.ts"]
  ) {
    const text = readFileSync(join(PROJECT, file), "utf8");
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    // `deno doc` leaves out properties with both a getter and a setter: write the setter as a method.
    const bare = text.replaceAll(/\/\*\*.*?\*\//gs, "").replaceAll(
      /^ {2}set (\w+)\(/gm,
      "  set__$1(",
    );
    writeFileSync(join(folder, file), bare);
  }
}

/** One line for each symbol and member, in the order of `deno doc`: by name. */
function signaturesOf(printed: string): string {
  return printed.split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("Defined in "))
    .map((line) => line.replace(/^( +private constructor)\(.*$/, "$1()"))
    .map((line) => line.replace(/^ {2}set__(\w+)/, "  set $1"))
    .join("\n");
}
