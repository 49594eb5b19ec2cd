/**
 * Prints the components of the executable of all tools as CycloneDX 1.6: the runtime, the shared
 * libraries with their Debian packages, and the imported npm packages.
 *
 *     bun run scripts/sbom.ts VERSION ARCH SECONDS SHA256 PACKAGES LIBRARY…
 *
 * PACKAGES is a folder with unpacked Debian packages for another architecture. If it exists, the versions
 * are read there, else from dpkg.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 * @module
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

interface Part {
  readonly name: string;
  readonly version: string;
  /** An SPDX license expression, as in NOTICE. */
  readonly license: string;
  readonly purl: string;
}

const LICENSES: Readonly<Record<string, string>> = {
  "libbpf.so.1": "BSD-2-Clause",
  "libelf.so.1": "LGPL-3.0-or-later OR GPL-2.0-or-later",
  "libz.so.1": "Zlib",
  "libzstd.so.1": "BSD-3-Clause OR GPL-2.0-only",
  acorn: "MIT",
  "get-east-asian-width": "MIT",
  bun: "MIT AND LGPL-2.1-only AND BSD-2-Clause",
};

function licenseOf(name: string): string {
  const license = LICENSES[name];
  if (license === undefined) {
    throw new Error(`scripts/sbom.ts does not know the license of ${name}`);
  }
  return license;
}

/** The component of an npm package, in the version that scripts/npm pins. */
function npmPart(name: string): Part {
  const path = fileURLToPath(new URL("npm/package.json", import.meta.url));
  const { dependencies } = JSON.parse(readFileSync(path, "utf8")) as {
    dependencies: Record<string, string>;
  };
  const version = dependencies[name]!;
  return { name, version, license: licenseOf(name), purl: `pkg:npm/${name}@${version}` };
}

/** The component of a shared library: the Debian package that has the file. */
function debianPart(soname: string, arch: string, folder: string): Part {
  const [name, source, version] = existsSync(folder) ? unpacked(soname, folder) : installed(soname);
  const purl = `pkg:deb/debian/${name}@${
    encodeURIComponent(version)
  }?arch=${arch}&upstream=${source}`;
  return { name, version, license: licenseOf(soname), purl };
}

type DebianName = [name: string, source: string, version: string];

function installed(soname: string): DebianName {
  const said = execFileSync("dpkg-query", ["-S", `*/${soname}`], { encoding: "utf8" });
  const [, name, arch] = /^([^:\n]+)(:[^:\n]+)?/.exec(said)!;
  const query = ["-W", "-f", "${source:Package} ${Version}\n", name + (arch ?? "")];
  const words = execFileSync("dpkg-query", query, { encoding: "utf8" }).trim().split(" ");
  return [name!, ...words as [string, string]];
}

/** Reads the control file that scripts/other_machine.sh keeps beside the unpacked package's files. */
function unpacked(soname: string, folder: string): DebianName {
  const [file] = globSync(`${folder}/*/{lib,usr/lib}/*/${soname}`);
  const [name] = relative(folder, file!).split("/") as [string];
  const control = readFileSync(`${folder}/${name}/DEBIAN/control`, "utf8");
  const field = (key: string) => new RegExp(`^${key}: (\\S+)`, "m").exec(control)?.[1];
  return [name, field("Source") ?? name, field("Version")!];
}

const component = ({ name, version, license, purl }: Part) => ({
  type: "library",
  "bom-ref": purl,
  name,
  version,
  licenses: [{ expression: license }],
  purl,
});

function main([version, arch, seconds, sha256, packages, ...libraries]: readonly string[]): void {
  const parts = [
    npmPart("bun"),
    ...libraries.map((soname) => debianPart(soname, arch!, packages!)),
    npmPart("acorn"),
    npmPart("get-east-asian-width"),
  ];
  // The same content gets the same serial number: a UUID of version 5 (RFC 9562), which is a hash.
  const digits = createHash("sha1").update(sha256! + JSON.stringify(parts)).digest("hex");
  const variant = "89ab"[parseInt(digits[16]!, 16) % 4];
  const uuid = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-5${digits.slice(13, 16)}-` +
    `${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
  const self = `pkg:generic/ts-bcc@${version}`;
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuid}`,
    version: 1,
    metadata: {
      timestamp: new Date(Number(seconds) * 1000).toISOString(),
      component: {
        type: "application",
        "bom-ref": self,
        name: "ts-bcc",
        version,
        licenses: [{ expression: "MIT" }],
        purl: self,
        hashes: [{ alg: "SHA-256", content: sha256 }],
      },
    },
    components: parts.map(component),
    dependencies: [
      { ref: self, dependsOn: parts.map(({ purl }) => purl) },
      ...parts.map(({ purl }) => ({ ref: purl })),
    ],
  };
  console.log(JSON.stringify(bom, null, 2));
}

main(process.argv.slice(2));
