import { distCases } from "../../tests/support/file_system_cases.ts";

export default distCases("nfs", { requires: ["modules"] });
