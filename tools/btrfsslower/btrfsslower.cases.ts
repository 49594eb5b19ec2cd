import { csvCase, slowerCases } from "../../tests/support/file_system_cases.ts";

export default slowerCases("btrfs", { more: [csvCase("btrfs")] });
