/**
 * Names of users, from /etc/passwd.
 *
 * @module
 */

import { readText } from "../../mod.ts";

/** Returns a function that names users; as in bcc's tool `UNKNOWN(id)` for those without a name. */
export function userNames(): (uid: number) => string {
  let names: ReadonlyMap<number, string> | undefined;
  return (uid) => (names ??= namesIn(passwd())).get(uid) ?? `UNKNOWN(${uid})`;
}

/** The names in a passwd(5) file by uid; of several names the first is used. */
export function namesIn(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , uid] = line.split(":");
    if (name && uid && /^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}

function passwd(): string {
  try {
    return readText("/etc/passwd");
  } catch {
    return ""; // no passwd file
  }
}
