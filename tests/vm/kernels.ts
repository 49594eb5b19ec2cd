/** Debian's kernels, downloaded once and unpacked into a cache outside the tree. */
import { encodeHex } from "@std/encoding";
import { existsSync, globSync, readFileSync } from "node:fs";
import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { gunzipSync } from "node:zlib";
import { extractPackage, extractPackages, PrivateApt, requireCommand } from "./apt.ts";
import { cacheDirectory, requireFolder } from "./cache.ts";
import { run } from "./command.ts";

/**
 * By name of kernel: the suite of Debian that has it, and the suffix of its package's name after the
 * architecture.
 */
export const SUITES: Readonly<
  Record<string, { readonly suite: string; readonly flavour?: string }>
> = {
  "5.10": { suite: "bullseye" },
  "6.1": { suite: "bookworm" },
  "6.12": { suite: "trixie" },
  // A kernel with pages of 16 KiB: for arm64 only.
  "6.12-16k": { suite: "trixie", flavour: "-16k" },
  "sid": { suite: "sid" },
};

/** Debian's names of the architectures that guests can have, by Node's names. */
const DEBIAN = { x64: "amd64", arm64: "arm64" } as const;
/** The names of {@linkcode DEBIAN}. */
export const ARCHITECTURES = Object.values(DEBIAN);
/** One of {@linkcode ARCHITECTURES}. */
export type Architecture = (typeof ARCHITECTURES)[number];
/** This machine's architecture. */
export const OWN: Architecture = process.arch === "arm64" ? DEBIAN.arm64 : DEBIAN.x64;

/** A kernel that is ready to boot. */
export interface Kernel {
  /** A key of {@linkcode SUITES}, followed by the architecture if it is not this machine's: `6.1-arm64`. */
  name: string;
  architecture: Architecture;
  /** What `uname -r` says in it. */
  release: string;
  /** Holds `vmlinux`, `busybox`, `boot/` and `lib/modules/`. */
  directory: string;
  /**
   * Holds the kernel's headers as Debian installs them, `usr/src/` and `lib/modules/`; only for this
   * architecture.
   */
  headers?: string;
}

/** Returns a kernel from the cache, or downloads it first. */
export async function requireKernel(
  version: string,
  architecture: Architecture,
  signal: AbortSignal,
): Promise<Kernel> {
  const known = SUITES[version];
  if (known === undefined) {
    throw new RangeError(`No kernel "${version}": expected ${Object.keys(SUITES).join(", ")}`);
  }
  const { suite, flavour = "" } = known;
  const name = kernelName(version, architecture);
  const directory = await requireFolder(kernelFolder(name), async (work) => {
    await download(work, suite, `${architecture}${flavour}`, signal);
    writeFileSync(join(work, "release"), await unpack(work, architecture, signal));
  });
  const release = readFileSync(join(directory, "release"), "utf8");
  if (architecture !== OWN) return { name, architecture, release, directory };
  const headers = await requireFolder(`${directory}-headers`, async (work) => {
    await downloadHeaders(work, suite, release, signal);
  });
  return { name, architecture, release, directory, headers };
}

const kernelName = (version: string, architecture: Architecture) =>
  architecture === OWN ? version : `${version}-${architecture}`;

/** Removes a kernel from the cache, so that the next run downloads the suite's newest. */
export function forgetKernel(version: string, architecture: Architecture): void {
  const name = kernelName(version, architecture);
  rmSync(kernelFolder(name), { recursive: true, force: true });
  rmSync(`${kernelFolder(name)}-headers`, { recursive: true, force: true });
}

const kernelFolder = (name: string) => join(cacheDirectory("kernels"), name);

async function download(
  work: string,
  suite: string,
  machine: string,
  signal: AbortSignal,
): Promise<void> {
  console.error(`vm: downloading the kernel of Debian ${suite} for ${machine}`);
  const lists = join(work, "apt");
  const [architecture] = machine.split("-");
  const apt = await PrivateApt.open(lists, suite, signal, architecture);
  // linux-image-amd64 depends on the newest linux-image-RELEASE, which newer Debian splits into
  // packages whose names end with the same release, with or without the flavour.
  const names = await apt.dependencies(`linux-image-${machine}`);
  const image = names.find((name) => /^linux-image-\d/.test(name));
  if (image === undefined) throw new Error(`No linux-image-${machine} in Debian ${suite}`);
  const release = image.slice("linux-image-".length);
  const endings = [`-${release}`, `-${release.replace(`-${machine}`, "")}`];
  const parts = names.filter((name) =>
    /^linux-(image|binary|modules|base)-/.test(name) && endings.some((end) => name.endsWith(end))
  );
  await apt.download(parts, work);
  // guest_init.sh needs base64, which bullseye's busybox lacks.
  const suiteOfBusybox = suite === "bullseye" ? "bookworm" : suite;
  const others = suite === suiteOfBusybox
    ? apt
    : await PrivateApt.open(join(lists, suiteOfBusybox), suiteOfBusybox, signal, architecture);
  await others.download(["busybox-static"], work);
  rmSync(lists, { recursive: true });
}

/** Downloads and unpacks a kernel's headers, without the packages that only building modules needs. */
async function downloadHeaders(
  work: string,
  suite: string,
  release: string,
  signal: AbortSignal,
): Promise<void> {
  console.error(`vm: downloading the headers of ${release}`);
  const lists = join(work, "apt");
  const apt = await PrivateApt.open(lists, suite, signal);
  const names = await apt.dependencies(`linux-headers-${release}`).catch((error) => {
    throw new Error(
      `No headers of ${release} in Debian ${suite}: --refresh takes its newest kernel`,
      {
        cause: error,
      },
    );
  });
  await apt.download(names.filter((name) => name.startsWith("linux-headers-")), work);
  rmSync(lists, { recursive: true });
  await extractPackages(work, work, signal);
}

/** Unpacks the downloaded packages in `work`; returns the kernel's release. */
async function unpack(
  work: string,
  architecture: Architecture,
  signal: AbortSignal,
): Promise<string> {
  const [archive] = globSync(join(work, "busybox*.deb"));
  if (archive !== undefined) await extractPackage(archive, join(work, "busybox.deb.d"), signal);
  await extractPackages(work, work, signal);
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
  const image = readFileSync(compressed);
  // QEMU can boot Debian's arm64 image as it is.
  const kernel = architecture === "arm64" ? image : await decompressKernel(image, signal);
  writeFileSync(join(work, "vmlinux"), kernel);
  await run(await requireCommand("depmod", "kmod"), ["-b", work, release], { signal });
  return release;
}

/** Extracts the ELF kernel from a bzImage: QEMU boots it through PVH in half the time. */
async function decompressKernel(image: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  // The setup header's fields: Documentation/arch/x86/boot.rst of the kernel.
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const start = (view.getUint8(0x1f1) + 1) * 512 + view.getUint32(0x248, true);
  const payload = image.subarray(start, start + view.getUint32(0x24c, true));
  // The kernel's build appends the unpacked size, which the decompressors would refuse.
  return await decompress(payload.subarray(0, payload[0] === 0x1f ? undefined : -4), signal);
}

/** Decompresses bytes by the format that their first bytes tell; returns other bytes unchanged. */
export async function decompress(bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  // A copy: given a Buffer, encodeHex() leaves its memory empty (findings/deno-std-buffers.sh).
  const magic = encodeHex(Uint8Array.from(bytes.subarray(0, 4)));
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
