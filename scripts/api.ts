/**
 * The public API as text: what each entry point of deno.json exports, without the documentation. It is
 * kept in docs/api.txt, so that a change of the API is a change of that file, which a reviewer sees and
 * CHANGELOG.md explains. `deno task docs` writes it, and `deno task docs --check` compares.
 *
 * `deno doc` tells signatures among the documentation; of sources whose comments were taken out it tells
 * nothing else.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
/** Where what entry points reach lives. */
const SOURCES = ["bpf", "ffi", "toolkit"];

/** The entry points: what an importer writes behind the package's name, and the file. */
export function entryPoints(): [name: string, file: string][] {
  const { exports } = JSON.parse(readFileSync(join(PROJECT, "deno.json"), "utf8")) as {
    exports: Record<string, string>;
  };
  return Object.entries(exports);
}

/** What docs/api.txt has to say. */
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
  for (const file of [...sources, "mod.ts", "kernel.ts", "plumbing.ts"]) {
    const text = readFileSync(join(PROJECT, file), "utf8");
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    // `deno doc` leaves out what has a getter and a setter: the setter goes as a method.
    const bare = text.replaceAll(/\/\*\*.*?\*\//gs, "").replaceAll(
      /^ {2}set (\w+)\(/gm,
      "  set__$1(",
    );
    writeFileSync(join(folder, file), bare);
  }
}

/** A line for each symbol and member, in the order of their names as `deno doc` sorts them. */
function signaturesOf(printed: string): string {
  return printed.split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("Defined in "))
    .map((line) => line.replace(/^( +private constructor)\(.*$/, "$1()"))
    .map((line) => line.replace(/^ {2}set__(\w+)/, "  set $1"))
    .join("\n");
}
