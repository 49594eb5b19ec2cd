// Not in guests: it compiles.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { commands, tools } from "../../tools/list.ts";
import { PROJECT } from "../support/build.ts";
import { glibcRoot } from "../support/glibc_root.ts";
import { lazyPackages, makePackages, named } from "../support/packages.ts";
import { run, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { isolated, READY } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

const NAMES = [...Object.keys(tools), ...Object.keys(commands)].sort();

const packages = lazyPackages("deb", "tar");

/** Gives a root directory an empty dpkg database. */
function withoutPackages(root: string): void {
  for (const folder of ["info", "updates", "triggers"]) {
    mkdirSync(`${root}/var/lib/dpkg/${folder}`, { recursive: true });
  }
  for (const file of ["status", "available"]) writeFileSync(`${root}/var/lib/dpkg/${file}`, "");
}

const dpkg = (root: string, ...words: string[]) =>
  execFileSync("dpkg", [`--root=${root}`, "--force-depends", "--log=/dev/null", ...words], {
    stdio: "pipe",
  });

test("the Debian package is installed, its tools trace, and it goes without a trace", async () => {
  const deb = named(await packages(), ".deb");
  const { root: made, mounts } = glibcRoot();
  using root = made;
  withoutPackages(root.path);
  dpkg(root.path, "--install", deb);
  const sbin = `${root.path}/usr/sbin`;
  const links = readdirSync(sbin).filter((name) => lstatSync(join(sbin, name)).isSymbolicLink());
  assert.deepEqual(links.sort(), NAMES.map((name) => `${name}-tsbcc`));
  assert.ok(links.every((name) => readlinkSync(join(sbin, name)) === "ts-bcc"));

  using folder = new Folder();
  await using workload = await Workload.start(`missing=${folder.path}/gone:13`);
  const call = ["chroot", root.path, "/usr/sbin/opensnoop-tsbcc"];
  const command = isolated(mounts, [...call, "--json", "-p", String(workload.pid)]);
  await using running = Running.start(command, READY);
  await running.find("stderr", /^ready$/m);
  await workload.go();
  running.kill("SIGINT");
  const { status, stdout } = await running.result;
  assert.equal(status, 0);
  const paths = stdout.trim().split("\n").map((line) => JSON.parse(line).path);
  assert.deepEqual(paths, Array.from({ length: 13 }, (_, i) => `${folder.path}/gone${i}`));

  dpkg(root.path, "--remove", "ts-bcc");
  assert.equal(existsSync(`${root.path}/usr`), false);
});

test("each tool of the package has a man page that groff reads without a warning", async () => {
  const deb = named(await packages(), ".deb");
  using folder = new Folder();
  execFileSync("dpkg-deb", ["-x", deb, folder.path]);
  const pages = `${folder.path}/usr/share/man/man8`;
  const expected = [...NAMES.map((name) => `${name}-tsbcc`), "ts-bcc"];
  assert.deepEqual(
    readdirSync(pages).sort(),
    expected.map((name) => `${name}.8.gz`).sort(),
  );
  const own = readdirSync(pages).filter((page) => !lstatSync(join(pages, page)).isSymbolicLink());
  assert.equal(readlinkSync(`${pages}/javacalls-tsbcc.8.gz`), "ucalls-tsbcc.8.gz");
  assert.equal(own.length, Object.keys(tools).length + 1);
  execFileSync("gunzip", ["-k", ...own.map((page) => join(pages, page))]);
  const files = own.map((page) => join(pages, page.replace(/\.gz$/, "")));
  const groff = spawnSync("groff", ["-k", "-man", "-Tutf8", "-ww", "-z", ...files], {
    encoding: "utf8",
  });
  // Warnings about verbatim lines of output that are wider than a page are expected.
  const warnings = groff.stderr.split("\n").filter((line) =>
    !/can't break line|cannot adjust line|^$/.test(line)
  );
  assert.deepEqual([groff.status, warnings], [0, []]);
});

/** The groups of a pattern's match in the README's introduction. */
function firstLines(pattern: RegExp): string[] {
  const [beginning] = readFileSync(`${PROJECT}README.md`, "utf8").split("\n## ") as [string];
  const found = pattern.exec(beginning);
  assert.ok(found, String(pattern));
  return found.slice(1);
}
const APT_LINE =
  /^ {4}\.\/package\.sh deb && sudo apt install \.\/dist\/(\S+) && sudo (\S+)-tsbcc +#/m;

test("the README compiles a tool, and installs what package.sh makes", async () => {
  const [compiled, started] = firstLines(/^ {4}\.\/compile\.sh (\S+) && sudo dist\/(\S+) +#/m);
  assert.ok(compiled! in tools);
  assert.equal(started, compiled);
  const [file, tool] = firstLines(APT_LINE);
  assert.equal(basename(named(await packages(), ".deb")), file);
  assert.ok(NAMES.includes(tool!));
});

const APT = "apt takes the package from its file, with nothing else to install";
test(APT, { skip: requires(APT, "full") }, async () => {
  const [file] = firstLines(APT_LINE);
  const { status, stdout } = await run(["apt-get", "--simulate", "install", `./${file}`], {
    cwd: await packages(),
    env: { LC_ALL: "C" },
  });
  assert.equal(status, 0);
  assert.match(stdout, /^0 upgraded, 1 newly installed, 0 to remove /m);
});

const LINTIAN = "lintian finds nothing in the Debian package";
test(LINTIAN, { skip: requires(LINTIAN, "full", "lintian") }, async () => {
  const deb = named(await packages(), ".deb");
  // lintian complains that the packages of the tests are not compressed.
  const tags = ["control", "data"].map((part) => `uses-no-compression-for-${part}-tarball`).join();
  const { status, stdout } = await run([
    ...["lintian", "--suppress-tags", tags, "--fail-on", "error,warning,info"],
    ...["--allow-root", deb],
  ]);
  assert.deepEqual([status, stdout], [0, ""]);
});

test("the archive holds the executable, pages, completions and licenses, as SHA256SUMS says", async () => {
  const path = await packages();
  execFileSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: path, stdio: "pipe" });
  const listed = execFileSync("tar", ["-tf", named(path, ".tar")], { encoding: "utf8" });
  const files = listed.trimEnd().split("\n").map((line) => line.replace(/^[^/]+\//, ""));
  for (const name of ["ts-bcc", "LICENSE", "NOTICE", "README.md", "man/man8/opensnoop-tsbcc.8"]) {
    assert.ok(files.includes(name), name);
  }
  assert.ok(files.includes("completions/_ts-bcc"));
});

test("what is inside is told with version and license", async () => {
  const bom = JSON.parse(readFileSync(named(await packages(), ".cdx.json"), "utf8"));
  const names = bom.components.map(({ name }: { name: string }) => name);
  for (const name of ["bun", "libbpf1", "acorn", "get-east-asian-width"]) {
    assert.ok(names.includes(name), `${name} in ${names}`);
  }
  for (const { version, licenses, purl } of bom.components) {
    assert.match(version, /^\d/);
    assert.ok(licenses[0].expression.length > 0);
    assert.match(purl, /^pkg:(npm|deb)\/\S+@\S+$/);
  }
});

/** The npm packages of CycloneDX's validator. */
const VALIDATOR = [
  "@cyclonedx/cyclonedx-library@10.3.0",
  "ajv@8.20.0",
  "ajv-formats@3.0.1",
  "ajv-formats-draft2019@1.6.1",
];
const VALIDATE = `
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { readFileSync } from "node:fs";
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
const found = await validator.validate(readFileSync(process.argv[2], "utf8"));
console.log(found === null ? "valid" : found[0].message);
`;

const CYCLONEDX = "CycloneDX's own validator finds what is told of the inside valid";
test(CYCLONEDX, { skip: requires(CYCLONEDX, "full") }, async () => {
  const bom = named(await packages(), ".cdx.json");
  using folder = new Folder();
  const { path } = folder;
  writeFileSync(`${path}/package.json`, '{"type":"module"}');
  writeFileSync(`${path}/validate.js`, VALIDATE);
  const flags = ["--silent", "--ignore-scripts", "--no-audit", "--no-fund"];
  const install = [...flags, "--cache", `${path}/cache`, ...VALIDATOR];
  execFileSync("npm", ["install", ...install], { cwd: path, stdio: "pipe" });
  const validate = async (file: string) =>
    (await run(["bun", "validate.js", file], { cwd: path })).stdout;
  assert.equal(await validate(bom), "valid\n");
  writeFileSync(
    `${path}/wrong.json`,
    readFileSync(bom, "utf8").replace('"version": 1,', '"version": "1",'),
  );
  assert.equal(await validate(`${path}/wrong.json`), "must be integer\n");
});

const SAME = "the same commit makes the same packages of all kinds";
test(SAME, { skip: requires(SAME, "full") }, async () => {
  const sums = async () => {
    using folder = new Folder();
    await makePackages(folder.path);
    return readFileSync(`${folder.path}/SHA256SUMS`, "utf8");
  };
  const first = await sums();
  assert.deepEqual(
    [...first.matchAll(/\.(deb|tar|oci\.tar|tgz|cdx\.json)$/gm)].map(([, kind]) => kind).sort(),
    ["cdx.json", "deb", "oci.tar", "tar", "tgz"],
  );
  assert.equal(await sums(), first);
});
