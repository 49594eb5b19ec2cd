/** The canaries of every other tool with 32 CPUs: see testManyCpus(). */

import { testManyCpus } from "../support/many_cpus.ts";

await testManyCpus(0);
