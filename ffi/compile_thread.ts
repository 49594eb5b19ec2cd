/**
 * Calling libbcc's compiler on another thread, so that the event loop goes on meanwhile.
 *
 * @module
 */

import { loader } from "./libc/libc.ts";
import { cString } from "./libc/memory.ts";
import { runtime } from "./runtime/runtime.ts";

/** The arguments of `bpf_module_create_c_from_string`, as addresses that outlive the call. */
export interface CompileCall {
  readonly text: bigint;
  readonly flags: number;
  readonly cflags: bigint;
  readonly count: number;
  /** The directory to compile in. */
  readonly folder: string;
}

const RTLD_NOW = 2;

// libbcc changes the current directory while it compiles; unshare(CLONE_FS) gives the thread one
// of its own. Functions are called by address: they are in this process already.
const SOURCE = `
const CLONE_FS = 0x200;
const create = ["usize", "u32", "usize", "i32", "u8", "usize"];
async function call(address, parameters, result, values) {
  if ("Bun" in globalThis) {
    const { CFunction } = await import("bun:ffi");
    const types = (type) => type === "usize" ? "u64" : type;
    const definition = { args: parameters.map(types), returns: types(result) };
    return CFunction({ ptr: Number(address), ...definition })(...values);
  }
  const pointer = Deno.UnsafePointer.create(address);
  return new Deno.UnsafeFnPointer(pointer, { parameters, result }).call(...values);
}
self.onmessage = async ({ data }) => {
  try {
    const unshared = await call(data.unshare, ["i32"], "i32", [CLONE_FS]);
    const changed = unshared || await call(data.chdir, ["usize"], "i32", [data.path]);
    if (changed !== 0) throw new Error("Cannot compile: no directory of the thread's own");
    const values = [data.text, data.flags, data.cflags, data.count, 1, 0n];
    postMessage({ handle: BigInt(await call(data.create, create, "usize", values)) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
`;

/** Compiles on a thread of its own; resolves to the module's handle, 0 when it did not compile. */
export function compileOnThread({ folder, ...call }: CompileCall): Promise<bigint> {
  const addressOf = (library: string, name: string) =>
    loader().dlsym(loader().dlopen(cString(library), RTLD_NOW), cString(name));
  const type = { type: runtime.name === "bun" ? "application/javascript" : "text/javascript" };
  const url = URL.createObjectURL(new Blob([SOURCE], type));
  const thread = new Worker(url, { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<bigint>();
  const path = cString(folder);
  thread.onmessage = ({ data }) =>
    data.error ? reject(new Error(data.error)) : resolve(data.handle);
  thread.onerror = (event) => reject(new Error(event.message));
  thread.postMessage({
    ...call,
    path: runtime.addressOf(path),
    chdir: addressOf("libc.so.6", "chdir"),
    unshare: addressOf("libc.so.6", "unshare"),
    create: addressOf("libbcc.so.0", "bpf_module_create_c_from_string"),
  });
  return promise.finally(() => {
    void path.length; // alive until the thread has read it
    thread.terminate();
    URL.revokeObjectURL(url);
  });
}
