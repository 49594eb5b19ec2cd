/**
 * Completion scripts for shells, made from the tools' own options.
 *
 * @module
 */

import type { Commands, Tools } from "./names.ts";
import { namesOf } from "./names.ts";
import { type Option, UsageError } from "../toolkit/options/options.ts";

/** The supported shells. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

const COMMANDS = [
  "list",
  "run",
  "check",
  "types",
  "web",
  "replay",
  "doctor",
  "install",
  "completions",
  "help",
];

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option<unknown>[];
}

/** The completion script for the shell named by the argument. @throws {UsageError} */
export async function completionScript(
  tools: Tools,
  commands: Commands,
  words: readonly string[],
): Promise<string> {
  const [shell = "", ...rest] = words;
  if (rest.length > 0 || !SHELLS.some((known) => known === shell)) {
    throw new UsageError(`completions needs a shell: ${SHELLS.join(", ")}`);
  }
  const entries = await Promise.all(
    namesOf(tools, commands).map(async (name) => {
      const load = tools[commands[name]?.[0] ?? name]!;
      const { summary, options } = (await load()).default;
      const named = Object.values(options).filter(({ positional }) => !positional);
      return { name, summary, options: named };
    }),
  );
  return { bash, zsh, fish }[shell as (typeof SHELLS)[number]](entries);
}

const dashed = ({ short, long }: Option<unknown>) => [
  ...short ? [`-${short}`] : [],
  `--${long}`,
];

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(({ name, options }) =>
    `    ${name}) words="${options.flatMap(dashed).join(" ")}" ;;`
  );
  const names = entries.map(({ name }) => name);
  return `# bash completion for ts-bcc: source <(ts-bcc completions bash)
_ts_bcc() {
  local words="" tool="\${COMP_WORDS[0]##*/}" current="\${COMP_WORDS[COMP_CWORD]}"
  if [[ "$tool" == ts-bcc ]]; then
    if ((COMP_CWORD == 1)); then
      mapfile -t COMPREPLY < <(compgen -W "${[...COMMANDS, ...names].join(" ")}" -- "$current")
      return
    fi
    tool="\${COMP_WORDS[1]}"
  fi
  case "$tool" in
${cases.join("\n")}
    doctor) words="--json" ;;
    completions) words="${SHELLS.join(" ")}" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _ts_bcc ts-bcc ${names.join(" ")}`;
}

/** Text between single quotes. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function zsh(entries: readonly Entry[]): string {
  const describe = (text: string) => text.replaceAll(/[[\]:\\]/g, "\\$&");
  const spec = (option: Option<unknown>) => {
    const value = option.meta === undefined ? "" : `:${describe(option.meta)}:_files`;
    return dashed(option).map((name) => quoted(`${name}[${describe(option.help)}]${value}`));
  };
  const functions = entries.map(({ name, options }) =>
    `_ts_bcc_${name}() {\n  _arguments \\\n    ${
      options.flatMap(spec).join(" \\\n    ")
    } \\\n    '*:argument:_files'\n}`
  );
  const names = entries.map(({ name, summary }) => quoted(`${name}:${describe(summary)}`));
  const tools = entries.map(({ name }) => name);
  return `#compdef ts-bcc ${tools.join(" ")}
# zsh completion for ts-bcc: ts-bcc completions zsh >"\${fpath[1]}/_ts-bcc"
${functions.join("\n")}
_ts_bcc() {
  local tool="\${words[1]:t}"
  if [[ "$tool" == ts-bcc ]]; then
    if ((CURRENT == 2)); then
      local -a commands=(${[...names, ...COMMANDS].join(" ")})
      _describe command commands
      return
    fi
    shift words
    ((CURRENT--))
    tool="\${words[1]}"
  fi
  case "$tool" in
    ${tools.join(" | ")}) "_ts_bcc_$tool" ;;
    doctor) _arguments '--json[print JSON]' ;;
    completions) _values shell ${SHELLS.join(" ")} ;;
    install) _files -/ ;;
  esac
}
if [[ "$funcstack[1]" == _ts_bcc ]]; then _ts_bcc; else compdef _ts_bcc ts-bcc ${
    tools.join(" ")
  }; fi`;
}

function fish(entries: readonly Entry[]): string {
  const first = "complete -c ts-bcc -n __fish_use_subcommand -f -a";
  const lines = entries.flatMap(({ name, summary, options }) => {
    const rest = options.map((option) => {
      const short = option.short ? ` -s ${option.short}` : "";
      const value = option.meta === undefined ? "" : " -r";
      return `${short} -l ${option.long}${value} -d ${quoted(option.help)}`;
    });
    return [
      `${first} ${name} -d ${quoted(summary)}`,
      ...rest.map((text) => `complete -c ts-bcc -n '__fish_seen_subcommand_from ${name}'${text}`),
      ...rest.map((text) => `complete -c ${name}${text}`),
    ];
  });
  const commands = COMMANDS.map((name) => `${first} ${name}`);
  return [
    "# fish completion for ts-bcc: ts-bcc completions fish | source",
    ...commands,
    `complete -c ts-bcc -n '__fish_seen_subcommand_from completions' -f -a '${SHELLS.join(" ")}'`,
    ...lines,
  ].join("\n");
}
