import { csvCase, slowerCases } from "../../tests/support/file_system_cases.ts";

export default {
  ...slowerCases("xfs", { more: [csvCase("xfs")] }),
  usage: { names: "-j --csv -p --pid min_ms" },
};
