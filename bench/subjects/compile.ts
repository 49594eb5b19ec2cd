/** Compiles and attaches a program; prints how long that took, and waits until its input ends. */
import { once } from "node:events";
import { Bpf } from "../../mod.ts";

const file = `${import.meta.dirname}/compile.c`;
const start = performance.now();
using bpf = Bpf.compile({ file }, { headers: process.argv[2] ?? "btf" });
bpf.attach();
console.log(JSON.stringify({ "to attached, ms": performance.now() - start }));
await once(process.stdin.resume(), "end");
