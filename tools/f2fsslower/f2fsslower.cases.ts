import { slowerCases } from "../../tests/support/file_system_cases.ts";

export default {
  ...slowerCases("f2fs", { requires: ["modules"] }),
  usage: { names: "-s --csv -p --pid min_ms" },
};
