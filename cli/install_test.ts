import assert from "node:assert/strict";
import { readdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Folder } from "../tests/support/workload.ts";
import { installLinks } from "./install.ts";

const NAMES = ["opensnoop", "tcplife"];

test("installLinks() links each name to the executable, also over links of an earlier one", async () => {
  using folder = new Folder();
  symlinkSync("/usr/local/bin/ts-bcc", join(folder.path, "opensnoop"));
  await installLinks(folder.path, NAMES, "/opt/ts-bcc");
  const links = readdirSync(folder.path).sort().map((name) =>
    [name, readlinkSync(join(folder.path, name))] as const
  );
  assert.deepEqual(links, NAMES.map((name) => [name, "/opt/ts-bcc"]));
});

test("installLinks() leaves files of others alone", async () => {
  using folder = new Folder();
  writeFileSync(join(folder.path, "tcplife"), "");
  await assert.rejects(
    installLinks(folder.path, NAMES, "/opt/ts-bcc"),
    /tcplife": there is something else/,
  );
});

test("installLinks() makes no links to the runtime that runs it from source", async () => {
  using folder = new Folder();
  await assert.rejects(installLinks(folder.path, NAMES), /this runs from source: make one with/);
  assert.deepEqual(readdirSync(folder.path), []);
});
