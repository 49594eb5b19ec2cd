/**
 * Pinned hash maps of ids, as users of bcc make them for --cgroupmap and --mntnsmap.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

const KEY_SIZE = 8;

/** A pinned hash map whose keys are ids; unpinned at disposal. */
export class PinnedSet implements Disposable {
  readonly path: string;
  readonly #valueSize: number;

  /** @param valueSize 8 for cgroups, 4 for mount namespaces */
  constructor(name: string, valueSize: 4 | 8, ...ids: number[]) {
    this.path = `/sys/fs/bpf/ts-bcc-test-${process.pid}-${name}`;
    this.#valueSize = valueSize;
    const sizes = ["key", KEY_SIZE, "value", valueSize, "entries", 4];
    bpftool("create", this.path, "type", "hash", ...sizes, "name", "set");
    for (const id of ids) this.add(id);
  }

  /** Adds an id. */
  add(id: number): void {
    const key = new Uint8Array(new BigUint64Array([BigInt(id)]).buffer);
    const value = new Uint8Array(this.#valueSize);
    bpftool("update", "pinned", this.path, "key", ...key, "value", ...value);
  }

  [Symbol.dispose](): void {
    rmSync(this.path);
  }
}

function bpftool(...words: (string | number)[]): void {
  const { status, stderr, error } = spawnSync("bpftool", ["map", ...words.map(String)], {
    encoding: "utf8",
  });
  assert.equal(status, 0, error?.message ?? stderr);
}
