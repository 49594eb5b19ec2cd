import { PROJECT } from "../support/build.ts";
import { testOpensnoop } from "../support/opensnoop_cases.ts";
import { scriptCommand } from "../support/runtime.ts";

testOpensnoop("opensnoop.ts", scriptCommand(`${PROJECT}tools/opensnoop.ts`));
