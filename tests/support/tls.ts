/**
 * Programs that talk over TLS (tls.h), and certificates for them.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { buildProgram } from "./build.ts";
import type { Job, Work } from "./cases.ts";
import { Running } from "./process.ts";
import { Script } from "./script.ts";

const LIBRARIES = "/usr/lib/x86_64-linux-gnu";

/** How each library's program is built, and the format of the certificate files that it takes. */
const PROGRAMS = {
  openssl: { source: "tls_openssl.c", flags: [], libraries: ["-lssl", "-lcrypto"], form: "pem" },
  static: {
    source: "tls_openssl.c",
    flags: [],
    libraries: ["-Wl,-Bstatic", "-lssl", "-lcrypto", "-Wl,-Bdynamic"],
    form: "pem",
  },
  gnutls: { source: "tls_gnutls.c", flags: [], libraries: ["-lgnutls"], form: "pem" },
  nss: {
    source: "tls_nss.c",
    flags: ["-I/usr/include/nss", "-I/usr/include/nspr"],
    libraries: ["-lssl3", "-lnss3", "-lnspr4"],
    form: "der",
  },
} as const;

/** Makes a self-signed certificate and its key in a folder, in PEM and in DER format. */
function makeCertificate(dir: string): void {
  const openssl = (...args: readonly string[]) =>
    execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "ignore", "ignore"] });
  const subject = ["-subj", "/CN=localhost", "-days", "2"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "key.pem", "-out", "cert.pem", ...subject);
  openssl("x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der");
  const pkcs8 = ["pkcs8", "-topk8", "-nocrypt", "-in", "key.pem"];
  openssl(...pkcs8, "-outform", "DER", "-out", "key.der");
}

/**
 * Steps of tls.h. In rows `{server}` is the server's pid; the program is `{dir}/tls`.
 *
 * @param container bind-mount a copy of the library over it, in a mount namespace of the program's own
 */
export const tls = (
  kind: keyof typeof PROGRAMS,
  steps: readonly string[],
  { container }: { readonly container?: string } = {},
): Work => ({
  async start(dir: string): Promise<Job> {
    const { source, flags, libraries, form } = PROGRAMS[kind];
    const program = join(dir, "tls");
    copyFileSync(buildProgram(source, flags, libraries), program);
    makeCertificate(dir);
    const command = [program, join(dir, `cert.${form}`), join(dir, `key.${form}`), ...steps];
    const running = Running.start([...container ? inContainer(dir, container) : [], ...command]);
    const [, pid, server] = await running.find("stdout", /^pid (\d+)\nserver (\d+)\nready\n/);
    return {
      pid: Number(pid),
      names: { server: Number(server) },
      async go() {
        running.send();
        const { status, stderr } = await running.result;
        if (status !== 0) throw new Error(`The TLS program failed: ${stderr}`);
      },
      [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
    };
  },
});

/**
 * A command that runs another one in a mount namespace where the library is a copy: other inode, same name
 * and bytes.
 */
function inContainer(dir: string, library: string): string[] {
  const name = readdirSync(LIBRARIES).find((each) => each.startsWith(library))!;
  const real = realpathSync(join(LIBRARIES, name));
  mkdirSync(join(dir, "lib"));
  const copy = join(dir, "lib", basename(real));
  copyFileSync(real, copy);
  return ["unshare", "--mount", "sh", "-c", `mount --bind "${copy}" "${real}"; exec "$@"`, "sh"];
}

/** An HTTPS client program of this machine that fetches `{dir}/page` from `openssl s_server`. */
export const httpsClient = (command: string): Work => ({
  start(dir: string): Promise<Job> {
    makeCertificate(dir);
    const script = `cd ${dir}; echo a page of 17 > page; ip link set lo up; mkfifo said
openssl s_server -accept 127.0.0.1:4433 -naccept 1 -WWW -cert cert.pem -key key.pem > said 2>&1 &
exec 3< said; while read -r line <&3 && [ "$line" != ACCEPT ]; do :; done
cat <&3 > /dev/null &
echo pid $$; read -r; exec ${command} > got`;
    return Script.of(["unshare", "--net", "bash", "-c", script]);
  },
});
