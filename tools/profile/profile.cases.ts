import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "stacks.c", args: ["spin=400"], flags: ["-O0"] };
const args = ["-F", "997"];

export default defineCases({
  cases: [
    {
      name: "samples the functions that run",
      args: [...args, "-p", "{pid}"],
      canary: true,
      work,
      check(rows) {
        const names = new Set(rows.map(({ user }) => (user as string[] | null)?.[0]));
        if (!names.has("three_parts") || !names.has("one_part")) {
          throw new Error(JSON.stringify(rows));
        }
      },
    },
    { name: "-p hides others", args: [...args, "-p", "1"], work, rows: [] },
  ],
  filters: { work, args, total: sumOf("samples"), expect: { least: 1 } },
});
