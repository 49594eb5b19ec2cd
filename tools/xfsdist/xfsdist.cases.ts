import { distCases } from "../../tests/support/file_system_cases.ts";

export default {
  ...distCases("xfs"),
  usage: { names: "-T --notimestamp -m --milliseconds -p --pid interval count" },
};
