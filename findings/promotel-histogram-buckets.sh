#!/usr/bin/env bash
# @platformatic/promotel 0.2.2 loses a histogram's buckets on the way from Prometheus text to OTLP.
#
# Expected: a histogram with 1 of 3 observations at most 1 becomes bucket_counts [1, 2] with
#   explicit_bounds [1] (OTLP: counts per bucket, one bound fewer than counts).
# Really: one bucket with everything in it and no bound, so that every quantile is lost; count and sum
#   are right, no error. A gauge of +Inf and a label value that holds "}" vanish as silently.
# Seen (Node.js 20):
#   count 3 sum 5 bucket_counts [3] explicit_bounds []
#   series of a gauge that is +Inf: 0
#   series of a counter with the label a="}": 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @platformatic/promotel@0.2.2
cat >check.mjs <<'JS'
import { convert, parse } from "@platformatic/promotel";

const histogram = `# TYPE wait histogram
wait_bucket{le="1"} 1
wait_bucket{le="+Inf"} 3
wait_sum 5
wait_count 3
`;
const otlp = await convert(await parse(histogram), { serviceName: "example" });
const [metric] = otlp.resource_metrics[0].scope_metrics[0].metrics;
const [point] = metric.histogram.data_points;
console.log(
  `count ${point.count} sum ${point.sum} bucket_counts ${JSON.stringify(point.bucket_counts)}` +
    ` explicit_bounds ${JSON.stringify(point.explicit_bounds)}`,
);
const series = async (text) => (await parse(text)).timeseries.length;
console.log("series of a gauge that is +Inf:", await series("# TYPE load gauge\nload +Inf\n"));
console.log(
  'series of a counter with the label a="}":',
  await series('# TYPE calls_total counter\ncalls_total{a="}"} 5\n'),
);
JS
node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
count 3 sum 5 bucket_counts [3] explicit_bounds []
series of a gauge that is +Inf: 0
series of a counter with the label a="}": 0
SEEN
