import { slowerCases } from "../../tests/support/file_system_cases.ts";

export default slowerCases("zfs", { requires: ["modules"] });
