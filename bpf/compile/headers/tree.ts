/**
 * An include tree for one program, made from the running kernel's BTF.
 *
 * libbcc wants a folder of kernel headers. Here everything is in the one header that it includes
 * first, linux/kconfig.h; the headers that the program includes exist, but are empty.
 *
 * @module
 */

import { readText } from "../../../ffi/libc/files.ts";
import { tracefs } from "../../tracefs/tracefs.ts";
import { BASE, baseNames } from "./base.ts";
import { kernelBtf } from "../../btf/kernel_btf.ts";
import { kernelConfig, optionMacros } from "./kernel_config.ts";
import { macros, memberMacros } from "./macros.ts";
import { addNames, collectMentions, type Mentions, type SearchPath } from "./mentions.ts";
import { TypeWriter } from "./types.ts";

/** Headers that libbcc's own headers include. */
const ALWAYS = [
  "linux/types.h",
  "linux/bpf_common.h",
  "linux/log2.h",
  "linux/version.h",
  "uapi/linux/bpf.h",
  "uapi/linux/if_ether.h",
  "uapi/linux/if_packet.h",
  "uapi/linux/ptrace.h",
  "asm/page.h",
];

/**
 * Folders of the kernel's include tree; headers missing elsewhere are the user's mistake, and
 * reported.
 */
const KERNEL_FOLDER =
  /^(?:uapi\/)?(?:linux|asm|asm-generic|net|scsi|crypto|trace|rdma|sound|drm|kvm|vdso|xen|acpi)\/[\w./-]+$/;

const PREFIX = "ts-bcc-headers-";

/** The folder of an include tree; removed when this is disposed. */
export interface HeaderTree extends Disposable {
  readonly path: string;
  /** Adds an empty header that the compiler did not find; false when it is none of the kernel's. */
  add(header: string): boolean;
}

/** Writes the headers that a text needs into a folder only this user can read. */
export function makeHeaders(text: string, search: SearchPath): HeaderTree {
  const fs = process.getBuiltinModule("node:fs");
  const os = process.getBuiltinModule("node:os");
  const content = headersFor(text, search);
  removeLeft(os.tmpdir());
  // The name is unpredictable and the folder's mode is 0700: nobody else can put a file in here.
  const path = fs.mkdtempSync(`${os.tmpdir()}/${PREFIX}`);
  const write = (name: string, text: string) => {
    const file = `${path}/include/${name}`;
    fs.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    fs.writeFileSync(file, text);
  };
  const dispose = () => fs.rmSync(path, { recursive: true, force: true });
  try {
    write("linux/kconfig.h", content.text);
    for (const name of new Set([...ALWAYS, ...content.includes])) write(name, "");
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    path,
    add(header) {
      if (!isKernelHeader(header) || fs.existsSync(`${path}/include/${header}`)) return false;
      write(header, "");
      return true;
    },
    [Symbol.dispose]: dispose,
  };
}

/** Removes folders of processes that were killed while compiling: no compilation takes an hour. */
function removeLeft(folder: string): void {
  const fs = process.getBuiltinModule("node:fs");
  const before = Date.now() - 3600_000;
  for (const name of fs.readdirSync(folder)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = `${folder}/${name}`;
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() && found.uid === process.getuid?.() && found.mtimeMs < before) {
      fs.rmSync(path, { recursive: true, force: true });
    }
  }
}

/** The text of the one header, and the names of the headers that only have to exist. */
export function headersFor(
  text: string,
  search: SearchPath,
): { text: string; includes: string[] } {
  const mentions = collectMentions(text, search);
  addTracepoints(mentions);
  mentions.identifiers.add("pt_regs").add("user_pt_regs");
  mentions.tags.add("pt_regs").add("user_pt_regs");
  const used = usedMacros(mentions);
  const types = new TypeWriter(
    kernelBtf(),
    mentions,
    new Set([...baseNames(), ...macros().keys()]),
  );
  return {
    text: [
      "#pragma clang system_header",
      "#ifndef TSBCC_KERNEL_TYPES",
      "#define TSBCC_KERNEL_TYPES",
      BASE,
      `#define LINUX_VERSION_CODE KERNEL_VERSION(${kernelVersion().join(", ")})`,
      '#include "/virtual/include/bcc/bpf.h"',
      types.write(),
      // After the types, whose members may have the same names as macros.
      ...used,
      "#endif",
      "",
    ].join("\n"),
    includes: [...mentions.includes].filter(isKernelHeader),
  };
}

const isKernelHeader = (name: string) => KERNEL_FOLDER.test(name) && !name.includes("..");

/** Adds the names of types in the argument structs that libbcc makes from tracefs. */
function addTracepoints(mentions: Mentions): void {
  for (const tracepoint of mentions.tracepoints) {
    let format: string;
    try {
      format = readText(`${tracefs()}/events/${tracepoint}/format`);
    } catch {
      continue; // the compiler says what is missing
    }
    for (const [, field] of format.matchAll(/^\tfield:([^;]+);/gm)) addNames(mentions, field!);
  }
}

/** The macros that the text mentions, and those that these mention. */
function usedMacros(mentions: Mentions): string[] {
  const used = new Set<string>();
  // Only in programs that include these headers; elsewhere the names are the program's own.
  const network = [...mentions.includes].some((name) => /^(?:net|linux)\//.test(name));
  const ofMembers = memberMacros(kernelBtf());
  const waiting = [...mentions.identifiers];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const macro = macros().get(name) ?? ofMembers.get(name);
    if (macro === undefined || used.has(macro) || mentions.defined.has(name)) continue;
    if (!network && /\b__sk_common\b/.test(macro)) continue;
    used.add(macro);
    addNames(mentions, macro);
    waiting.push(...macro.match(/[A-Za-z_]\w*/g)!.filter((each) => each !== name));
  }
  return [...used, ...usedOptions(mentions)];
}

/** The kernel's options that the text mentions. */
function usedOptions(mentions: Mentions): string[] {
  const options = [...mentions.identifiers].filter((name) => name.startsWith("CONFIG_"));
  const asked = options.map((name) => name.replace(/_MODULE$/, ""))
    .filter((name) => !baseNames().has(name) && !mentions.defined.has(name));
  return [...new Set(asked)].flatMap((option) => optionMacros(option, kernelConfig()));
}

function kernelVersion(): number[] {
  const release = readText("/proc/sys/kernel/osrelease");
  return /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release)!.slice(1, 4).map((part) => Number(part ?? 0));
}
