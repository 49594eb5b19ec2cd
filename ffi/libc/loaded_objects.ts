/**
 * The libraries that the dynamic linker has loaded into this process, by its own list. Reading it loads
 * nothing, whereas dlopen(3) of another file would run that file's code.
 *
 * @module
 */

import { loader } from "./libc.ts";
import { alloc, cString, textAt } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";

const RTLD_LAZY = 1;
/** RTLD_NOLOAD: succeed only for what is loaded already. */
const RTLD_NOLOAD = 4;
/** dlinfo(3): the link_map of a handle. */
const RTLD_DI_LINKMAP = 2;
/** struct link_map { l_addr; char *l_name; l_ld; *l_next, *l_prev; } of link.h. */
const LINK_MAP_SIZE = 40;

/** A library in this process. */
export interface LoadedObject {
  /** The path that it was loaded by; empty for the program itself. */
  readonly name: string;
  /** The address of its dynamic section, which lies in its mapped file. */
  readonly dynamic: bigint;
}

/** The program and its libraries, in the order they were loaded. */
export function loadedObjects(): LoadedObject[] {
  const objects: LoadedObject[] = [];
  const program = loader().dlopen(null, RTLD_LAZY);
  const first = alloc(8);
  if (program === 0n || loader().dlinfo(program, RTLD_DI_LINKMAP, first) !== 0) return objects;
  let address = new DataView(first.buffer).getBigUint64(0, true);
  while (address !== 0n) {
    const map = new DataView(runtime.view(address, LINK_MAP_SIZE));
    const name = map.getBigUint64(8, true);
    objects.push({
      name: name === 0n ? "" : textAt(name),
      dynamic: map.getBigUint64(16, true),
    });
    address = map.getBigUint64(24, true);
  }
  return objects;
}

/** The address of a symbol of a library that is loaded; 0 when there is none. */
export function addressInLoaded({ name }: LoadedObject, symbol: string): bigint {
  const handle = loader().dlopen(cString(name), RTLD_LAZY | RTLD_NOLOAD);
  return handle === 0n ? 0n : loader().dlsym(handle, cString(symbol));
}
