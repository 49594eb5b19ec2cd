/**
 * Database servers for one test: their files are in a folder below /tmp, they run as an unprivileged
 * user and listen on a Unix socket in that folder.
 *
 * @module
 */

import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Job, Work } from "./cases.ts";
import { run, Running } from "./process.ts";

const NOBODY = 65534;
export const MARIADB = "/usr/sbin/mariadbd";
const POSTGRES = "/usr/lib/postgresql/15/bin";

/** A command that runs another command as user nobody. */
const asNobody = (...command: string[]): string[] => [
  "setpriv",
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  "--clear-groups",
  ...command,
];

async function finish(command: readonly string[], dir: string): Promise<string> {
  const { status, stdout, stderr } = await run(command, { cwd: dir, env: { HOME: dir } });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

/** A server, and a client that sends queries when the test calls `go()`. */
class Database implements Job {
  readonly pid: number;
  readonly #server: Running;
  readonly #client: () => Promise<unknown>;

  constructor(pid: number, server: Running, client: () => Promise<unknown>) {
    this.pid = pid;
    this.#server = server;
    this.#client = client;
  }

  async go(): Promise<void> {
    await this.#client();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.kill("SIGTERM");
    await this.#server[Symbol.asyncDispose]();
  }
}

/** Makes a folder that user nobody owns. */
function ownFolder(dir: string): string {
  const path = join(dir, "database");
  mkdirSync(path);
  chownSync(path, NOBODY, NOBODY);
  chmodSync(dir, 0o755);
  return path;
}

/** PostgreSQL; `pid` is the main server process, whose child processes serve the clients. */
export function postgres(queries: readonly string[]): Work {
  return {
    async start(dir) {
      const home = ownFolder(dir);
      const data = join(home, "data");
      await finish(
        asNobody(`${POSTGRES}/initdb`, "-D", data, "-A", "trust", "-N", "-E", "UTF8"),
        home,
      );
      const server = Running.start(
        asNobody(`${POSTGRES}/postgres`, "-D", data, "-k", home, "-c", "listen_addresses=", "-F"),
        { cwd: home },
      );
      await server.find("stderr", /database system is ready to accept connections/);
      const words = queries.flatMap((query) => ["-c", query]);
      const client = asNobody(`${POSTGRES}/psql`, "-X", "-q", "-h", home, "postgres", ...words);
      return new Database(server.pid, server, () => finish(client, home));
    },
  };
}

/** MariaDB without grant tables: every client that can connect to the socket has all rights. */
export function mariadb(queries: readonly string[]): Work {
  return {
    async start(dir) {
      const home = ownFolder(dir);
      const [data, socket] = [join(home, "data"), join(home, "socket")];
      mkdirSync(data);
      chownSync(data, NOBODY, NOBODY);
      const server = Running.start(
        asNobody(
          MARIADB,
          "--no-defaults",
          `--datadir=${data}`,
          `--socket=${socket}`,
          "--skip-networking",
          "--skip-grant-tables",
          "--default-storage-engine=MEMORY",
          "--innodb=OFF",
          "--aria-log-purge-type=at_flush",
        ),
        { cwd: home },
      );
      await server.find("stderr", /ready for connections/);
      return new Database(server.pid, server, () => finish(client(socket, queries), home));
    },
  };
}

/** mysql_client.py instead of `mariadb`: Debian's mariadb-server-core has no client. */
const client = (socket: string, queries: readonly string[]): string[] => [
  "/usr/bin/python3",
  join(import.meta.dirname!, "mysql_client.py"),
  socket,
  ...queries,
];
