/**
 * Users by name or id.
 *
 * @module
 */

import { type Option, UsageError } from "./options.ts";
import { filterOptions } from "./standard_options.ts";

const PASSWD = "/etc/passwd";
const MAX_UID = 0xffffffff;

/** `-u`, which also takes a name. */
export const userOption: Option<number | undefined> = {
  ...filterOptions.uid,
  meta: "USER",
  help: "trace this user only, by name or number",
  parse(value, before, machine) {
    if (/^\d/.test(value)) return filterOptions.uid.parse(value, before, machine);
    const uid = machine.exists(PASSWD) ? uidOf(value, machine.readText(PASSWD)) : undefined;
    if (uid === undefined) throw new UsageError("expected a user id, or a name in /etc/passwd");
    return uid;
  },
};

/** A user's id from the text of a passwd(5) file. */
export function uidOf(name: string, passwd: string): number | undefined {
  for (const line of passwd.split("\n")) {
    const [user, , uid] = line.split(":");
    const isUser = user === name && /^\d+$/.test(uid ?? "") && Number(uid) <= MAX_UID;
    if (isUser) return Number(uid);
  }
  return undefined;
}
