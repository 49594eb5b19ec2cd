// Not in guests: it compiles.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "npm:deno-std@1.4.0/yaml/parse.js";
import { PROJECT } from "../support/build.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { lazyPackages, named } from "../support/packages.ts";
import { run, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { isolated, READY } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const MANIFEST = `${PROJECT}examples/kubernetes/daemonset.yaml`;

const packages = lazyPackages("oci");

/** The part of the manifest that is read here. */
interface Manifest {
  spec: {
    template: {
      spec: {
        hostPID: boolean;
        containers: {
          args: string[];
          ports: { containerPort: number }[];
          securityContext: {
            runAsUser: number;
            readOnlyRootFilesystem: boolean;
            allowPrivilegeEscalation: boolean;
            privileged: boolean;
            capabilities: { drop: string[]; add: string[] };
          };
        }[];
      };
    };
  };
}

const manifest = () => parse(readFileSync(MANIFEST, "utf8")) as Manifest;

const SKOPEO = "the image is one that skopeo reads, for this architecture";
test(SKOPEO, { skip: requires(SKOPEO, "full", "skopeo") }, async () => {
  const image = `oci-archive:${named(await packages(), ".oci.tar")}`;
  const about = JSON.parse(execFileSync("skopeo", ["inspect", image], { encoding: "utf8" }));
  assert.deepEqual([about.Os, about.Layers.length], ["linux", 1]);
  assert.equal(about.Architecture, process.arch === "x64" ? "amd64" : process.arch);
  const { config } = JSON.parse(
    execFileSync("skopeo", ["inspect", "--config", image], { encoding: "utf8" }),
  );
  assert.deepEqual(config.Entrypoint, ["/usr/bin/ts-bcc"]);
});

/** Unpacks the image's layer, as its manifest names it. */
function unpack(image: string, root: string): void {
  const folder = `${root}.image`;
  mkdirSync(folder);
  execFileSync("tar", ["-xf", image, "-C", folder]);
  const blob = (digest: string) => `${folder}/blobs/${digest.replace(":", "/")}`;
  const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
  const { layers } = json(blob(json(`${folder}/index.json`).manifests[0].digest));
  mkdirSync(root);
  for (const { digest } of layers) execFileSync("tar", ["-xf", blob(digest), "-C", root]);
}

/** The command that runs the tool as in a container of the manifest: its mounts, capabilities and root. */
function container(root: string, capabilities: readonly string[], args: readonly string[]) {
  const { securityContext } = manifest().spec.template.spec.containers[0]!;
  assert.deepEqual(
    [securityContext.runAsUser, securityContext.readOnlyRootFilesystem, securityContext.privileged],
    [0, true, false],
  );
  const mounts = [
    `mount --bind ${root} ${root}`,
    `mount -t proc proc ${root}/proc`,
    `mount -t sysfs -o ro sysfs ${root}/sys`,
    `mount -t tracefs -o ro tracefs ${root}/sys/kernel/tracing`,
    // With the mounts below it, as container runtimes do: cgroup v2 may be mounted there beside v1.
    `mount --rbind /sys/fs/cgroup ${root}/sys/fs/cgroup`,
    `mount -o remount,bind,ro ${root}`,
  ];
  // chroot(1) needs CAP_SYS_CHROOT; the tool does not.
  const bounding = ["-all", ...capabilities.map((name) => `+${name.toLowerCase()}`), "+sys_chroot"];
  return isolated(mounts, [
    ...["setpriv", "--no-new-privs", "--inh-caps=-all", `--bounding-set=${bounding}`],
    ...["chroot", root, "/usr/bin/ts-bcc", ...args],
  ]);
}

const PRIVILEGES = "the DaemonSet's privileges are enough, and each of them is needed";
test(PRIVILEGES, { skip: requires(PRIVILEGES, "full") }, async () => {
  using folder = new Folder();
  const root = `${folder.path}/root`;
  unpack(named(await packages(), ".oci.tar"), root);
  const { args, ports, securityContext } = manifest().spec.template.spec.containers[0]!;
  const { drop, add } = securityContext.capabilities;
  assert.deepEqual(drop, ["ALL"]);

  assert.deepEqual(args.slice(1, 3), ["--prometheus", `0.0.0.0:${ports[0]!.containerPort}`]);

  const here = args.map((word) => word.startsWith("0.0.0.0:") ? "0" : word);
  await using running = Running.start(container(root, add, here), READY);
  await running.find("stderr", /^ready$/m);
  const url = (await running.find("stderr", /metrics are at (http:\S+)$/m))[1]!;
  const uid = "1b2c3d4e-0123-4567-89ab-cdef01234567";
  using slice = new TestCgroup(`kubepods-pod${uid.replaceAll("-", "_")}.slice`);
  using cgroup = new TestCgroup(`cri-containerd-${"0123456789abcdef".repeat(4)}.scope`, slice);
  for (let i = 0; i < 5; i++) {
    execFileSync("sh", ["-c", `echo $$ >${cgroup.path}/cgroup.procs; exec /bin/true`]);
  }
  const sample = `tsbcc_execsnoop_events_total{comm="true",pod="${uid}"} 5\n`;
  while (!(await (await fetch(url)).text()).includes(sample)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  running.kill("SIGINT");
  assert.equal((await running.result).status, 0);

  // DAC_READ_SEARCH is only for naming pods of ended processes, so the tool starts without it.
  assert.deepEqual(add, ["BPF", "PERFMON", "DAC_READ_SEARCH"]);
  for (const missing of add.slice(0, 2)) {
    const rest = add.filter((name) => name !== missing);
    const { status, stderr } = await run(container(root, rest, [...here, "-d", "1"]));
    assert.equal(status, 1, `${missing}: ${stderr}`);
  }
});

const SCHEMA = "the DaemonSet is one by Kubernetes' own types";
test(SCHEMA, { skip: requires(SCHEMA, "full") }, async () => {
  using folder = new Folder();
  const check = (text: string) => {
    const path = `${folder.path}/manifest.ts`;
    writeFileSync(
      path,
      `import type { DaemonSet } from "npm:kubernetes-types@1.30.0/apps/v1";\n` +
        `export const manifest: DaemonSet = ${text};\n`,
    );
    return run([process.execPath, "check", "--quiet", "--no-config", path]);
  };
  const text = JSON.stringify(manifest());
  const right = await check(text);
  assert.equal(right.status, 0, right.stderr);
  // The check finds errors: a field with a wrong name, and one with a wrong type.
  assert.equal((await check(text.replace("hostPID", "hostPid"))).status, 1);
  assert.equal((await check(text.replace('"runAsUser":0', '"runAsUser":"root"'))).status, 1);
});

test("the DaemonSet names this version's image", () => {
  const { version } = JSON.parse(readFileSync(`${PROJECT}deno.json`, "utf8"));
  assert.match(readFileSync(MANIFEST, "utf8"), new RegExp(`image: REGISTRY/ts-bcc:${version}\n`));
});
