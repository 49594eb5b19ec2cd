/** Debian's kernels, downloaded once and unpacked into a cache outside the tree. */
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import process from "node:process";
import { gunzipSync } from "node:zlib";
import { PrivateApt, requireCommand } from "./apt.ts";
import { run } from "./command.ts";

/** Which suite of Debian has the kernel of each name. */
export const SUITES: Readonly<Record<string, string>> = {
  "6.1": "bookworm",
  "6.12": "trixie",
  "sid": "sid",
};

/** A kernel that is ready to boot. */
export interface Kernel {
  /** How the user names it, a key of {@linkcode SUITES}. */
  name: string;
  /** What `uname -r` says in it. */
  release: string;
  /** Holds `vmlinux`, `busybox`, `boot/` and `lib/modules/`. */
  directory: string;
}

/** Where downloads are kept: `TSBCC_CACHE`, else the user's cache, else the system's. */
export function cacheDirectory(): string {
  const { TSBCC_CACHE, XDG_CACHE_HOME } = process.env;
  if (TSBCC_CACHE) return join(TSBCC_CACHE, "kernels");
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "ts-bcc/kernels");
  const home = process.env.HOME || (process.getuid?.() === 0 ? "" : homedir());
  return home ? join(home, ".cache/ts-bcc/kernels") : "/var/cache/ts-bcc/kernels";
}

/**
 * Returns a kernel, from the cache if it is there.
 *
 * The work is done in a folder beside the final one, which gets its name only when all of it is
 * there: an interrupted download is never taken for a kernel.
 */
export async function requireKernel(name: string, signal: AbortSignal): Promise<Kernel> {
  const suite = SUITES[name];
  if (suite === undefined) {
    throw new RangeError(`No kernel "${name}": expected ${Object.keys(SUITES).join(", ")}`);
  }
  const cache = cacheDirectory();
  const directory = join(cache, name);
  if (!existsSync(directory)) {
    removeAbandoned(cache);
    const work = join(cache, `${name}.part-${process.pid}`);
    mkdirSync(work, { recursive: true });
    try {
      await download(work, suite, signal);
      const release = await unpack(work, signal);
      writeFileSync(join(work, "release"), release);
      // Another run may have finished the same kernel meanwhile; then its copy serves.
      if (!existsSync(directory)) renameSync(work, directory);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return { name, release: readFileSync(join(directory, "release"), "utf8"), directory };
}

/** Forgets a cached kernel, so that the suite's newest is downloaded. */
export function forgetKernel(name: string): void {
  rmSync(join(cacheDirectory(), name), { recursive: true, force: true });
}

/** Removes what runs that were killed outright left behind. */
function removeAbandoned(cache: string): void {
  for (const path of globSync(join(cache, "*.part-*"))) {
    const pid = path.slice(path.lastIndexOf("-") + 1);
    if (!existsSync(`/proc/${pid}`)) rmSync(path, { recursive: true, force: true });
  }
}

async function download(work: string, suite: string, signal: AbortSignal): Promise<void> {
  console.error(`vm: downloading the kernel of Debian ${suite}`);
  const lists = join(work, "apt");
  const apt = await PrivateApt.open(lists, suite, signal);
  // linux-image-amd64 depends on the newest linux-image-RELEASE, which newer Debian splits into
  // packages whose names end with the same release, with or without the flavour.
  const names = await apt.dependencies("linux-image-amd64");
  const image = names.find((name) => /^linux-image-\d/.test(name));
  if (image === undefined) throw new Error(`No linux-image-amd64 in Debian ${suite}`);
  const release = image.slice("linux-image-".length);
  const endings = [`-${release}`, `-${release.replace(/-amd64$/, "")}`];
  const parts = names.filter((name) =>
    /^linux-(image|binary|modules|base)-/.test(name) && endings.some((end) => name.endsWith(end))
  );
  await apt.download([...parts, "busybox-static"], work);
  rmSync(lists, { recursive: true });
}

/** Unpacks the downloaded packages in `work`; returns the kernel's release. */
async function unpack(work: string, signal: AbortSignal): Promise<string> {
  for (const name of readdirSync(work).filter((name) => name.endsWith(".deb"))) {
    const target = name.startsWith("busybox") ? join(work, "busybox.deb.d") : work;
    await run("dpkg-deb", ["--extract", join(work, name), target], { signal });
    rmSync(join(work, name));
  }
  const [busybox] = globSync(join(work, "busybox.deb.d/{bin,usr/bin}/busybox"));
  if (busybox === undefined) throw new Error("No busybox in the package busybox-static");
  renameSync(busybox, join(work, "busybox"));
  rmSync(join(work, "busybox.deb.d"), { recursive: true });

  if (!existsSync(join(work, "lib"))) symlinkSync("usr/lib", join(work, "lib"));
  const [modules] = globSync(join(work, "lib/modules/*/kernel"));
  if (modules === undefined) throw new Error("No modules in the kernel's packages");
  const release = basename(join(modules, ".."));
  const compressed = [`boot/vmlinuz-${release}`, `lib/modules/${release}/vmlinuz`]
    .map((path) => join(work, path)).find((path) => existsSync(path));
  if (compressed === undefined) throw new Error(`No vmlinuz for ${release}`);
  writeFileSync(join(work, "vmlinux"), await decompressKernel(readFileSync(compressed), signal));
  await run(await requireCommand("depmod", "kmod"), ["-b", work, release], { signal });
  return release;
}

/** Takes the ELF kernel out of a bzImage: QEMU starts it by PVH in half the time. */
async function decompressKernel(image: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  // The setup header's fields: Documentation/arch/x86/boot.rst of the kernel.
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const start = (view.getUint8(0x1f1) + 1) * 512 + view.getUint32(0x248, true);
  const payload = image.subarray(start, start + view.getUint32(0x24c, true));
  // The kernel's build appends the unpacked size, which the decompressors would refuse.
  return await decompress(payload.subarray(0, payload[0] === 0x1f ? undefined : -4), signal);
}

/** Decompresses what is compressed, by its first bytes; returns anything else as it is. */
export async function decompress(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const magic = Array.from(bytes.subarray(0, 4), (n) => n.toString(16).padStart(2, "0")).join("");
  if (magic.startsWith("1f8b")) return gunzipSync(bytes);
  const [command, debianPackage] = {
    "fd377a58": ["xz", "xz-utils"],
    "28b52ffd": ["zstd", "zstd"],
    "02214c18": ["lz4", "lz4"],
  }[magic] ?? [];
  if (command === undefined || debianPackage === undefined) return bytes;
  return await run(await requireCommand(command, debianPackage), ["-dcq"], {
    input: bytes,
    signal,
  });
}
