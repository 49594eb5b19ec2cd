import { copyFileSync, existsSync } from "node:fs";
import { buildProgram } from "../../tests/support/build.ts";
import { defineCases, type Work } from "../../tests/support/cases.ts";
import { Terminal } from "../../tests/support/terminal.ts";

const LONG = `: ${"x".repeat(2000)}`;
const LINES = [
  "echo hello world",
  "nosuchcommand-11 'a b'",
  "",
  ": ăä",
  "for i in 1 2 3",
  "do :; done",
  // Ctrl-V (\x16) quotes keys that would edit the line.
  ": \x16\x1b[2J\x16\x07\u2028\u202e\x16\x7f",
];

const shell = (command: string, lines: readonly string[] = LINES): Work => ({
  start: () => Terminal.start(command, lines),
});
/** A copy of bash, so that no other process runs into the probe. */
const copied: Work = {
  start(dir) {
    copyFileSync("/bin/bash", `${dir}/bash`);
    return Terminal.start(`${dir}/bash --norc --noprofile -i`, LINES);
  },
};
const LIBRARIES = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
const READLINE = `${LIBRARIES}/libreadline.so.8`;
const EDIT = `${LIBRARIES}/libedit.so.2`;
const WORDS = ["SELECT 1;", "ăä"];
/** A program with this name that reads lines with a library's line editor. */
const editing = (library: string, name: string, ...flags: string[]): Work => ({
  start(dir) {
    copyFileSync(buildProgram("line_editor.c", flags, [library]), `${dir}/${name}`);
    return Terminal.start(`${dir}/${name}`, WORDS);
  },
});
const typed = (comm: string) => [...WORDS, "exit 0"].map((command) => ({ comm, command }));
const bash = shell("/bin/bash --norc --noprofile -i");
const rows = [...LINES, "exit 0"].map((typed) => ({
  comm: "bash",
  command: typed.replaceAll("\x16", ""),
  truncated: false,
}));
const hasZsh = existsSync("/usr/bin/zsh");

export default defineCases({
  usage: { names: "-s --shared -h --json" },
  cases: [
    {
      name: "shows what is typed into a bash, and not what it runs",
      canary: true,
      work: bash,
      rows,
    },
    {
      name: "-s shows what is typed into the bash of that path",
      args: ["-s", "{dir}/bash"],
      work: copied,
      rows,
    },
    {
      name: "-s shows nothing of another bash",
      args: ["-s", "{dir}/bash"],
      work: {
        start(dir) {
          copyFileSync("/bin/bash", `${dir}/bash`);
          return Terminal.start("/bin/bash --norc --noprofile -i", LINES);
        },
      },
      rows: [],
    },
    {
      name: "-p shows the lines of one process, long ones whole",
      args: ["-p", "{pid}"],
      work: shell("/bin/bash --norc --noprofile -i", [LONG, "true"]),
      rows: [{ command: LONG }, { command: "true" }, { command: "exit 0" }],
    },
    {
      name: "shows nothing of scripts",
      work: { script: "for i in {1..7}; do eval ':'; done; read -r _ </dev/null" },
      rows: [],
    },
    ...hasZsh
      ? [
        {
          name: "-a shows what is typed into zsh, with the bytes that zsh codes",
          args: ["-a"],
          work: shell("/usr/bin/zsh -f -i -o noprompt_cr", ["echo ăä", "true"]),
          rows: [{ command: "echo ăä" }, { command: "true" }, { command: "exit 0" }]
            .map((row) => ({ comm: "zsh", ...row })),
        },
        {
          name: "shows nothing of zsh without -a",
          work: shell("/usr/bin/zsh -f -i -o noprompt_cr", ["true"]),
          rows: [],
        },
      ]
      : [],
    ...existsSync(READLINE)
      ? [
        {
          name: "-a shows what is typed into programs with libreadline",
          args: ["-a"],
          work: editing(READLINE, "asks"),
          rows: typed("asks"),
        },
        {
          name: "-s shows what is typed into a bash with that libreadline",
          args: ["-s", READLINE],
          work: editing(READLINE, "bash"),
          rows: typed("bash"),
        },
        {
          name: "-s shows nothing of other programs with that libreadline",
          args: ["-s", READLINE],
          work: editing(READLINE, "asks"),
          rows: [],
        },
      ]
      : [],
    ...existsSync(EDIT)
      ? [{
        name: "-a shows what is typed into programs with libedit",
        args: ["-a"],
        work: editing(EDIT, "edits", "-DLIBEDIT"),
        rows: typed("edits"),
      }]
      : [],
    {
      name: "prints bcc's table",
      work: bash,
      lines: [
        /^TIME {6}PID {5}COMMAND$/,
        /^[\d:]{8} {2}{pid} +echo hello world$/,
        /^[\d:]{8} {2}{pid} +: \\x1b\[2J\\x07\\u\{2028\}\\u\{202e\}\\x7f$/,
      ],
    },
  ],
  filters: { work: bash, expect: rows.length },
});
