import { defineCases } from "../../tests/support/cases.ts";

const each = (count: number, action: string, path: string, to?: string) =>
  Array.from({ length: count }, (_, i) => ({
    comm: "file_calls",
    action,
    file: to === undefined ? `{dir}/${path}${i}` : `{dir}/${path}${i} > {dir}/${path}${i}${to}`,
  }));

const work = {
  program: "file_calls.c",
  args: [
    "make={dir}/file:37",
    "mkdir={dir}/folder:3",
    "rename={dir}/file:7",
    "renameat2={dir}/folder:2",
    "unlink={dir}/file:20", // the first seven fail: they were renamed
    "unlinkat={dir}/file:37",
    "rmdir={dir}/folder:3",
  ],
};

export default defineCases({
  cases: [
    {
      name: "shows what is renamed and deleted, and nothing that is not there",
      canary: true,
      work,
      rows: [
        ...each(7, "RENAME", "file", ".new"),
        ...each(2, "RENAME", "folder", ".new"),
        ...each(20, "DELETE", "file").slice(7),
        ...each(37, "DELETE", "file").slice(20),
        ...each(3, "DELETE", "folder").slice(2),
      ],
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}"],
      work,
      lines: [
        /^TIME {5}PID {5}COMM {13}ACTION FILE$/,
        /^\d\d:\d\d:\d\d {pid} +file_calls {7}RENAME {dir}\/file0 > {dir}\/file0\.new$/,
        /^\d\d:\d\d:\d\d {pid} +file_calls {7}DELETE {dir}\/folder2$/,
      ],
    },
  ],
  filters: { work, expect: 40 },
});
