/**
 * Finding the language runtime in a process, and its places.
 *
 * @module
 */

import { exists } from "../../mod.ts";
import { fileProbes, reachablePath, readMaps } from "../../plumbing.ts";
import { type PlaceQuery, type UserPlace, userPlaces } from "../probes/user_places.ts";
import { UsageError } from "../options/options.ts";
import type { Language } from "./languages.ts";

/** The places of a runtime in one of the files of a process. */
export interface Runtime {
  readonly language: Language;
  /** The file as this process reaches it. */
  readonly path: string;
  readonly places: readonly UserPlace[];
}

/** Files that a process has mapped, as this process reaches them, by the last part of their paths. */
function* filesOf(pid: number): Generator<readonly [name: string, path: string]> {
  const seen = new Set<string>();
  for (const line of readMaps(pid)) {
    const path = line.path.replace(/ \(deleted\)$/, "");
    if (line.inode === "0" || !path.startsWith("/") || seen.has(path)) continue;
    seen.add(path);
    yield [path.slice(path.lastIndexOf("/") + 1), reachablePath(pid, line)];
  }
}

/** The first file of the process that is of the language and has some of these places. */
export function findRuntime(
  pid: number,
  language: Language,
  queries: readonly PlaceQuery[],
): Runtime | undefined {
  for (const [name, path] of filesOf(pid)) {
    if (!language.file.test(name)) continue;
    const places = userPlaces(
      { path, probes: fileProbes(path), provider: language.provider },
      queries,
    );
    if (places.length > 0) return { language, path, places };
  }
  return undefined;
}

/**
 * The language that is asked for, or else the first whose runtime the process has mapped.
 *
 * @throws {UsageError} when there is none, or no such process
 */
export function chooseLanguage(
  pid: number,
  asked: string | undefined,
  languages: readonly Language[],
): Language {
  if (!exists(`/proc/${pid}`)) throw new UsageError(`there is no process ${pid}`);
  if (asked !== undefined) return languages.find(({ name }) => name === asked)!;
  const names = [...filesOf(pid)].map(([name]) => name);
  const found = languages.find(({ file }) => names.some((name) => file.test(name)));
  if (found) return found;
  const known = languages.map(({ name }) => name).join(", ");
  throw new UsageError(
    `process ${pid} runs none of ${known}: name the language with -l if it is linked in`,
  );
}

/** The places, or a sentence that tells why there are none. @throws {Error} */
export function requireRuntime(
  pid: number,
  language: Language,
  queries: readonly PlaceQuery[],
): Runtime {
  const found = findRuntime(pid, language, queries);
  if (found) return found;
  const wanted = queries.map(({ probe, functions }) => probe ?? functions!.source).join(", ");
  throw new Error(
    `Cannot trace ${language.name} in process ${pid}: none of its files has any of ${wanted}`,
  );
}
