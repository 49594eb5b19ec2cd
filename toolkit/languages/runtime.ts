/**
 * Finding the language runtime in a process, and its probe points.
 *
 * @module
 */

import { fileProbes, parseMaps, reachablePath, readMaps, withoutDeleted } from "../../plumbing.ts";
import { type ProbePoint, type ProbePointQuery, probePoints } from "../probes/probe_points.ts";
import type { Machine } from "../machine/machine.ts";
import { UsageError } from "../options/options.ts";
import type { Language } from "./languages.ts";

/** How the file of a runtime is recognized. */
export type RuntimeFile = Pick<Language, "name" | "file" | "provider">;

/** The probe points of a runtime in one of a process's files. */
export interface Runtime {
  /** The file as this process reaches it. */
  readonly path: string;
  readonly points: readonly ProbePoint[];
}

const lastPart = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** The files mapped by a process, as this process reaches them, by the last path component. */
function* filesOf(pid: number): Generator<readonly [name: string, path: string]> {
  const seen = new Set<string>();
  for (const line of readMaps(pid)) {
    const path = withoutDeleted(line.path);
    if (line.inode === "0" || !path.startsWith("/") || seen.has(path)) continue;
    seen.add(path);
    yield [lastPart(path), reachablePath(pid, line)];
  }
}

/** The first file of the process that belongs to the language and has some of these probe points. */
export function findRuntime(
  pid: number,
  language: RuntimeFile,
  queries: readonly ProbePointQuery[],
): Runtime | undefined {
  for (const [name, path] of filesOf(pid)) {
    if (!language.file.test(name)) continue;
    const points = probePoints(
      { path, probes: fileProbes(path), provider: language.provider },
      queries,
    );
    if (points.length > 0) return { path, points };
  }
  return undefined;
}

/** The first of the languages whose runtime the process has mapped. */
export function languageOf(
  pid: number,
  languages: readonly Language[],
  machine: Machine,
): Language | undefined {
  if (!machine.exists(`/proc/${pid}`)) throw new UsageError(`there is no process ${pid}`);
  const names = parseMaps(machine.readText(`/proc/${pid}/maps`).split("\n"))
    .map(({ path }) => withoutDeleted(path))
    .filter((path) => path.startsWith("/"))
    .map(lastPart);
  return languages.find(({ file }) => names.some((name) => file.test(name)));
}

/**
 * The requested language, or else the first whose runtime the process has mapped.
 *
 * @throws {UsageError} when there is none, or no such process
 */
export function chooseLanguage(
  pid: number,
  asked: string | undefined,
  languages: readonly Language[],
  machine: Machine,
): Language {
  const found = asked === undefined
    ? languageOf(pid, languages, machine)
    : languages.find(({ name }) => name === asked);
  if (found) return found;
  const known = languages.map(({ name }) => name).join(", ");
  throw new UsageError(
    `process ${pid} runs none of ${known}: name the language with -l if it is linked in`,
  );
}

/** The probe points, or one sentence why there are none. @throws {Error} */
export function requireRuntime(
  pid: number,
  language: RuntimeFile,
  queries: readonly ProbePointQuery[],
): Runtime {
  const found = findRuntime(pid, language, queries);
  if (found) return found;
  const wanted = queries.map(({ probe, functions }) =>
    probe === undefined
      ? `the function ${functions!.source.replace(/^\^|\$$/g, "")}`
      : `the USDT probe ${probe}`
  );
  throw new Error(
    `Cannot trace ${language.name} in process ${pid}: none of its files has ${
      wanted.join(" or ")
    }: it runs something else, or a build without them`,
  );
}
