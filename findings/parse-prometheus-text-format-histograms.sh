#!/usr/bin/env bash
# parse-prometheus-text-format 1.1.1 merges all series of a histogram into one.
#
# Expected: two series of one histogram, told apart by a label, stay two, each with its labels, as
#   they do for gauges and counters.
# Really: one metric without labels; each bucket is that of the series that came
#   last, and sums and counts are gone. No error.
# An OpenMetrics exemplar ("# {…} 1") becomes the time stamp of the sample.
# Seen (Node.js 20):
#   histogram: [{"buckets":{"1":"20","+Inf":"40"}}]
#   gauge: [{"value":"1","labels":{"job":"a"}},{"value":"20","labels":{"job":"b"}}]
#   exemplar: "#{trace_id=\"x\"}1"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . parse-prometheus-text-format@1.1.1
cat >check.cjs <<'JS'
const module_ = require("parse-prometheus-text-format");
const parse = module_.default ?? module_;

const series = (job, n) => `wait_bucket{job="${job}",le="1"} ${n}
wait_bucket{job="${job}",le="+Inf"} ${2 * n}
wait_sum{job="${job}"} ${4.5 * n}
wait_count{job="${job}"} ${2 * n}
`;
const metrics = (text) => parse(text)[0].metrics;
console.log(
  "histogram:",
  JSON.stringify(metrics("# TYPE wait histogram\n" + series("a", 1) + series("b", 20))),
);
console.log(
  "gauge:",
  JSON.stringify(metrics('# TYPE load gauge\nload{job="a"} 1\nload{job="b"} 20\n')),
);
const [counter] = metrics('# TYPE calls_total counter\ncalls_total 5 # {trace_id="x"} 1\n');
console.log("exemplar:", JSON.stringify(counter.timestamp_ms));
JS
node check.cjs | tee seen
diff - seen <<'SEEN' && echo "as found"
histogram: [{"buckets":{"1":"20","+Inf":"40"}}]
gauge: [{"value":"1","labels":{"job":"a"}},{"value":"20","labels":{"job":"b"}}]
exemplar: "#{trace_id=\"x\"}1"
SEEN
