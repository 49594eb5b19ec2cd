import { slowerCases } from "../../tests/support/file_system_cases.ts";

export default { ...slowerCases("xfs"), usage: { names: "-j --csv -p --pid min_ms" } };
