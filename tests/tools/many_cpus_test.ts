/** Tools with 32 CPUs: see testManyCpus(). */

import { test } from "node:test";
import { testManyCpus } from "../support/many_cpus.ts";

await testManyCpus((name, options, run) => void test(name, options, run));
