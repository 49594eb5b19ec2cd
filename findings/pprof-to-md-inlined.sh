#!/usr/bin/env bash
# pprof-to-md 0.2.0 turns inlined calls round and counts each of their samples several times.
#
# Expected (profile.proto of pprof, Location.line): several lines of one location are inlined functions, the last
#   one being the caller that the others were inlined into. A sample at inner, inlined in outer, which
#   main calls, is the path main, outer, inner, and its value is that of inner alone.
# Really: the tree has outer below inner, so that the leaf with the samples is the caller. Each function of the
#   location gets the whole value: own time adds up to 200 % here. The same stack with one location for each
#   function is right.
# Seen (Node.js 20; a profile of 10 samples at that place):
#   called: main 0, outer 0, inner 10; own: inner 10; 100.0% in all
#   inlined: main 0, inner 0, outer 10; own: inner 10, outer 10; 200.0% in all
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . pprof-to-md@0.2.0 pprof-format@2.3.2
cat >check.mjs <<'JS'
import { Function, Line, Location, Profile, Sample, StringTable, ValueType } from "pprof-format";
import { analyzeProfile, convert, parseProfile } from "pprof-to-md";

const names = ["inner", "outer", "main"];

// Locations, each with its functions, from the innermost on.
function profile(locations) {
  const stringTable = new StringTable();
  const text = (string) => stringTable.dedup(string);
  return Buffer.from(
    new Profile({
      stringTable,
      sampleType: [new ValueType({ type: text("samples"), unit: text("count") })],
      function: names.map((name, index) =>
        new Function({ id: index + 1, name: text(name), filename: text(`${name}.c`), startLine: 1 })
      ),
      location: locations.map((functions, index) =>
        new Location({
          id: index + 1,
          address: 4096 * (index + 1),
          line: functions.map((name) => new Line({ functionId: names.indexOf(name) + 1, line: 3 })),
        })
      ),
      sample: [new Sample({ locationId: locations.map((_, index) => index + 1), value: [10] })],
    }).encode(),
  );
}

function show(kind, locations) {
  const bytes = profile(locations);
  const { callTree, functionStats } = analyzeProfile(parseProfile(bytes));
  const path = [];
  let node = callTree;
  while (node.children.size > 0) {
    node = [...node.children.values()][0];
    path.push(`${node.name} ${node.selfValue}`);
  }
  const own = [...functionStats.values()].filter(({ selfValue }) => selfValue > 0);
  const share = /\*\*([\d.]+%)\*\* of self-time/.exec(convert(bytes))?.[1];
  console.log(
    `${kind}: ${path.join(", ")}; own: ${own.map((of) => `${of.name} ${of.selfValue}`).join(", ")}; ${share} in all`,
  );
}

show("called", [["inner"], ["outer"], ["main"]]);
show("inlined", [["inner", "outer"], ["main"]]);
JS
node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
called: main 0, outer 0, inner 10; own: inner 10; 100.0% in all
inlined: main 0, inner 0, outer 10; own: inner 10, outer 10; 200.0% in all
SEEN
