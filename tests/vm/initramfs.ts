/** Builds the small initial file system that a guest starts from. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { concatenate } from "./command.ts";
import { decompress, type Kernel } from "./kernels.ts";

/** Kernel modules that the guest needs before it can mount the host's files. */
const MODULES = ["virtio_pci", "virtio_console", "virtiofs", "overlay"];
const FOLDERS = ["bin", "dev", "host", "modules", "proc", "root", "sys", "upper"];

/** Returns the path of the initial file system for a kernel, building it if it is not cached. */
export async function requireInitramfs(kernel: Kernel, signal: AbortSignal): Promise<string> {
  const init = readFileSync(join(import.meta.dirname ?? ".", "guest_init.sh"));
  const recipe = readFileSync(join(import.meta.dirname ?? ".", "initramfs.ts"));
  const hash = createHash("sha256").update(init).update(recipe).digest("hex").slice(0, 16);
  const path = join(kernel.directory, `initramfs-${hash}`);
  if (existsSync(path)) return path;

  const archive = new CpioArchive();
  for (const folder of FOLDERS) archive.add(folder, 0o040755);
  // The kernel opens the console for process 1, before process 1 could mount /dev.
  archive.add("dev/console", 0o020600, new Uint8Array(), [5, 1]);
  archive.add("init", 0o100755, init);
  archive.add("bin/busybox", 0o100755, readFileSync(join(kernel.directory, "busybox")));
  for (const [index, module] of moduleFiles(kernel).entries()) {
    const bytes = await decompress(readFileSync(module), signal);
    const name = basename(module).replace(/\.ko.*$/, "");
    archive.add(`modules/${String(index).padStart(2, "0")}-${name}.ko`, 0o100644, bytes);
  }
  // Written under another name and renamed: another run may be reading the cached file.
  writeFileSync(`${path}.${process.pid}`, archive.finish());
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

/** The files of {@linkcode MODULES} and all they depend on, in the order to load them. */
function moduleFiles(kernel: Kernel): string[] {
  const folder = join(kernel.directory, "lib/modules", kernel.release);
  const paths = new Map<string, string[]>();
  for (const line of readFileSync(join(folder, "modules.dep"), "utf8").split("\n")) {
    const [path, dependencies] = line.split(": ", 2);
    if (path) paths.set(moduleName(path), [path.replace(/:$/, ""), ...words(dependencies)]);
  }
  const builtIn = readFileSync(join(folder, "modules.builtin"), "utf8").split("\n").map(moduleName);
  const ordered = MODULES.flatMap((name) => {
    const files = paths.get(name);
    if (files !== undefined) return files.toReversed();
    if (builtIn.includes(name)) return [];
    throw new Error(`Kernel ${kernel.release} has no module ${name}`);
  });
  return [...new Set(ordered)].map((path) => join(folder, path));
}

function moduleName(path: string): string {
  return basename(path).replace(/\.ko.*$/, "").replaceAll("-", "_");
}

function words(text = ""): string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** Writes the "newc" format: Documentation/driver-api/early-userspace/buffer-format.rst. */
class CpioArchive {
  readonly #parts: Uint8Array[] = [];
  #entries = 0;

  add(
    name: string,
    mode: number,
    content: Uint8Array = new Uint8Array(),
    device: readonly [number, number] = [0, 0],
  ): void {
    const path = new TextEncoder().encode(`${name}\0`);
    // inode, mode, uid, gid, links, mtime, size, device, device of a device node, name size, checksum
    const fields = [++this.#entries, mode, 0, 0, 1, 0, content.length, 0, 0, ...device];
    const header = [...fields, path.length, 0].map((n) => n.toString(16).padStart(8, "0"));
    this.#write(concatenate([new TextEncoder().encode(`070701${header.join("")}`), path]));
    this.#write(content);
  }

  finish(): Uint8Array {
    this.add("TRAILER!!!", 0);
    return concatenate(this.#parts);
  }

  #write(bytes: Uint8Array): void {
    this.#parts.push(bytes, new Uint8Array(-bytes.length & 3));
  }
}
