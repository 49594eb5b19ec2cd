/** Installs Debian packages that the harness needs, and unpacks others without installing them. */
import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { read, run, which } from "./command.ts";

const KEYRINGS = ["gpg", "pgp"].map((suffix) =>
  `/usr/share/keyrings/debian-archive-keyring.${suffix}`
);
const VIRTIOFSD = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"];
const QUIET = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };

/**
 * Returns the path of a command, after installing the Debian package that has it if need be.
 *
 * An installation runs to its end even if this run is interrupted: an interrupted dpkg leaves
 * packages half installed.
 */
export async function requireCommand(command: string, debianPackage: string): Promise<string> {
  const found = which(command);
  if (found !== undefined) return found;
  await install(debianPackage);
  const installed = which(command);
  if (installed === undefined) throw new Error(`No ${command} in the package ${debianPackage}`);
  return installed;
}

/**
 * Returns the path of virtiofsd, which is part of QEMU's package in Debian 12, and a separate
 * package later.
 */
export async function requireVirtiofsd(): Promise<string> {
  const find = () => VIRTIOFSD.find((path) => existsSync(path));
  if (find() === undefined) await install("virtiofsd");
  const path = find();
  if (path === undefined) throw new Error(`No virtiofsd at ${VIRTIOFSD.join(" or ")}`);
  return path;
}

/** Installs a package unless it is installed. */
export async function requirePackage(debianPackage: string): Promise<void> {
  const isInstalled = await read("dpkg-query", ["-W", "-f", "${db:Status-Abbrev}", debianPackage])
    .then((status) => status.startsWith("ii"), () => false);
  if (!isInstalled) await install(debianPackage);
}

async function install(debianPackage: string): Promise<void> {
  console.error(`vm: installing the Debian package ${debianPackage}`);
  const options = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", "-qq"];
  const attempt = () =>
    run("apt-get", [...options, "install", "-y", "--no-install-recommends", debianPackage], {
      env: QUIET,
    });
  // If the package lists are absent, or too old to name files that still exist: refresh them and
  // retry.
  await attempt().catch(async () => {
    await run("apt-get", [...options, "update"], { env: QUIET });
    await attempt();
  });
}

/**
 * Apt for one suite of Debian, with lists and settings of its own: those of the system stay
 * untouched.
 */
export class PrivateApt {
  readonly #options: readonly string[];
  readonly #signal: AbortSignal;

  private constructor(options: readonly string[], signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /**
   * Sets up apt with its lists in `directory`, and reads the suite's package list.
   *
   * @param architecture Debian's name of the packages' architecture; default: this machine's
   */
  static async open(
    directory: string,
    suite: string,
    signal: AbortSignal,
    architecture?: string,
  ): Promise<PrivateApt> {
    const keyring = KEYRINGS.find((path) => existsSync(path));
    if (keyring === undefined) {
      throw new Error("Cannot verify Debian's packages: install debian-archive-keyring");
    }
    for (const folder of ["state/lists/partial", "cache/archives/partial"]) {
      mkdirSync(join(directory, folder), { recursive: true });
    }
    const sources = join(directory, "sources.list");
    writeFileSync(sources, `deb [signed-by=${keyring}] ${await mirror()} ${suite} main\n`);
    // An empty list of installed packages: apt would leave out packages that the system has
    // installed.
    writeFileSync(join(directory, "status"), "");
    const settings = {
      "Dir::State": join(directory, "state"),
      "Dir::State::status": join(directory, "status"),
      "Dir::Cache": join(directory, "cache"),
      "Dir::Etc::sourcelist": sources,
      "Dir::Etc::sourceparts": "-",
      "Dir::Etc::preferencesparts": "-",
      "APT::Sandbox::User": "root",
      "APT::Update::Post-Invoke": "",
      "Acquire::Languages": "none",
      "Acquire::Retries": "3",
      ...(architecture === undefined
        ? {}
        : { "APT::Architecture": architecture, "APT::Architectures": architecture }),
    };
    const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    const apt = new PrivateApt(options, signal);
    // apt-get update reports a source that it could not read as a warning only, unless told so.
    await apt.#run("apt-get", ["-qq", "--error-on=any", "update"]);
    return apt;
  }

  /** The names of a package and of all packages that it depends on, directly or indirectly. */
  async dependencies(debianPackage: string): Promise<string[]> {
    const text = await this.#run("apt-cache", [
      "depends",
      "--recurse",
      "--important",
      debianPackage,
    ]);
    return text.split("\n").filter((line) => /^[a-z0-9]/.test(line));
  }

  /** Downloads packages into `directory`; apt checks each against the signed list. */
  async download(packages: readonly string[], directory: string): Promise<void> {
    await this.#run("apt-get", ["-qq", "download", ...packages], directory);
  }

  /** Downloads packages and all packages that they depend on into `directory`. */
  async downloadAll(packages: readonly string[], directory: string): Promise<void> {
    mkdirSync(join(directory, "partial"), { recursive: true });
    const flags = ["-y", "--download-only", "--no-install-recommends"];
    const archives = ["-o", `Dir::Cache::archives=${directory}`];
    await this.#run("apt-get", ["-qq", ...archives, "install", ...flags, ...packages]);
    rmSync(join(directory, "partial"), { recursive: true });
  }

  #run(command: string, args: readonly string[], cwd?: string): Promise<string> {
    return read(command, [...this.#options, ...args], {
      env: QUIET,
      signal: this.#signal,
      ...(cwd === undefined ? {} : { cwd }),
    });
  }
}

/** Unpacks each package in `directory` into `target`, and removes it. */
export async function extractPackages(
  directory: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  for (const path of globSync(join(directory, "*.deb")).sort()) {
    await extractPackage(path, target, signal);
  }
}

/** Unpacks one package, without running its scripts, and removes it. */
export async function extractPackage(
  path: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  await run("dpkg-deb", ["--extract", path, target], { signal });
  rmSync(path);
}

/** The Debian mirror that this system's apt uses; it has the other suites as well. */
async function mirror(): Promise<string> {
  if (process.env.TSBCC_DEBIAN_MIRROR) return process.env.TSBCC_DEBIAN_MIRROR;
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY)";
  const text = await read("apt-get", ["indextargets", "--format", format]);
  const found = text.split("\n").map((line) => line.split(" "))
    .find(([, release = "", component, kind]) =>
      kind === "Packages" && component === "main" && !/[-/]/.test(release)
    );
  if (found?.[0] === undefined) {
    throw new Error("Cannot tell a Debian mirror from apt's sources: set TSBCC_DEBIAN_MIRROR");
  }
  return found[0];
}
