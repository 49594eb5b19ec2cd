/** Runs commands of the host and reports failures, in one way for all of the harness. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** Options of {@linkcode run}. */
export interface CommandOptions {
  /** Written to the command's standard input. */
  input?: Uint8Array;
  /** The command's working directory. */
  cwd?: string;
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Lets the command write to this process's standard output and error as it runs. */
  show?: boolean;
  /** Ends the command when aborted. */
  signal?: AbortSignal;
}

/**
 * Runs a command to its end and returns what it wrote to standard output.
 *
 * @throws Error, with the end of what it wrote to standard error, unless it exits with status 0.
 */
export function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Uint8Array> {
  options.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const output = options.show ? "inherit" : "pipe";
  const child = spawn(command, [...args], {
    stdio: [options.input ? "pipe" : "ignore", output, output],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  const written: Uint8Array[] = [];
  let complaint = "";
  child.stdout?.on("data", (chunk: Uint8Array) => written.push(chunk));
  child.stderr?.on("data", (chunk: Uint8Array) => {
    complaint = (complaint + new TextDecoder().decode(chunk)).slice(-2000);
  });
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input);
  const abort = () => child.kill("SIGTERM");
  options.signal?.addEventListener("abort", abort);
  child.on("error", reject);
  child.on("close", (status, signalName) => {
    options.signal?.removeEventListener("abort", abort);
    if (options.signal?.aborted) return reject(options.signal.reason);
    if (status === 0) return resolve(concatenate(written));
    const end = signalName ?? `status ${status}`;
    reject(new Error(`${command} ${args.join(" ")} ended with ${end}: ${complaint.trim()}`));
  });
  return promise;
}

/** Runs a command and returns its standard output as text. */
export async function read(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new TextDecoder().decode(await run(command, args, options));
}

/** The path of a command in `PATH` or the system's own folders, if it is there. */
export function which(command: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...folders, "/usr/sbin", "/sbin", "/usr/bin", "/bin"]
    .map((folder) => join(folder, command)).find((path) => existsSync(path));
}

/** Joins byte arrays into one. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
