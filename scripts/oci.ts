/**
 * Makes the folder of an OCI image of one layer, without a daemon.
 *
 *     bun run scripts/oci.ts LAYER.tar[.gz] FOLDER ARCH VERSION SECONDS [COMMIT]
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
 * @module
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { gunzipSync } from "node:zlib";

const [layerPath, folder, arch, version, seconds, commit] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string?,
];

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Writes a blob under its digest; returns its OCI descriptor. */
function addBlob(bytes: Uint8Array, mediaType: string) {
  const digest = sha256(bytes);
  writeFileSync(`${folder}/blobs/${digest.replace(":", "/")}`, bytes);
  return { mediaType: `application/vnd.oci.image.${mediaType}`, digest, size: bytes.length };
}

const addJson = (value: unknown, mediaType: string) =>
  addBlob(new TextEncoder().encode(JSON.stringify(value)), `${mediaType}+json`);

mkdirSync(`${folder}/blobs/sha256`, { recursive: true });
const layer = readFileSync(layerPath);
const isPacked = layerPath.endsWith(".gz");
const created = new Date(Number(seconds) * 1000).toISOString();
const about = {
  "org.opencontainers.image.created": created,
  "org.opencontainers.image.licenses": "MIT",
  "org.opencontainers.image.title": "ts-bcc",
  "org.opencontainers.image.version": version,
  ...commit === undefined ? {} : { "org.opencontainers.image.revision": commit },
};
const platform = { architecture: arch, os: "linux" };
const config = addJson({
  created,
  ...platform,
  config: {
    Entrypoint: ["/usr/bin/ts-bcc"],
    Cmd: ["help"],
    Env: ["PATH=/usr/bin"],
    Labels: about,
  },
  rootfs: { type: "layers", diff_ids: [sha256(isPacked ? gunzipSync(layer) : layer)] },
  history: [{ created, created_by: "package.sh oci" }],
}, "config.v1");
const manifest = addJson({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config,
  layers: [addBlob(layer, `layer.v1.tar${isPacked ? "+gzip" : ""}`)],
  annotations: about,
}, "manifest.v1");
const name = { "org.opencontainers.image.ref.name": version };
const index = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [{ ...manifest, platform, annotations: name }],
};
writeFileSync(`${folder}/index.json`, JSON.stringify(index));
writeFileSync(`${folder}/oci-layout`, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
