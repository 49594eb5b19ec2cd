import { distCases, fileSystemWork } from "../../tests/support/file_system_cases.ts";
import { operationCounts } from "../../tests/support/jobs.ts";

export default {
  ...distCases("tmpfs", {
    args: ["-t", "tmpfs"],
    more: [{
      name: "counts nothing of other file systems",
      args: ["-t", "btrfs", "-p", "{pid}"],
      work: fileSystemWork("tmpfs"),
      check: operationCounts({}),
    }],
  }),
  usage: {
    names: "-T --timestamp -m --milliseconds -p --pid -t --type -v --verbose interval count",
    wrong: [[[], /-t\/--type/]],
    right: ["-t", "ext4"],
  },
};
