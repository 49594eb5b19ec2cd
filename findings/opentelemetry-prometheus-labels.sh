#!/usr/bin/env bash
# @opentelemetry/exporter-prometheus 0.301.0 writes a label twice where two attributes get the same name.
#
# Expected (OpenTelemetry's specification, Prometheus and OpenMetrics compatibility, metric attributes): what
#   a label's name may not hold becomes "_"; where two attributes get one name so, as http.method and
#   http_method of a program that is being moved to new names, their values MUST be joined by ";" in the
#   order of the original keys: http_method="GET;get". Names match [a-zA-Z_]([a-zA-Z0-9_])*.
# Really: the label stands there twice, and "5xx" stays as it is, without a word from SDK or exporter. Readers
#   refuse the whole page for one such point: promtool of Debian 12 (its prometheus is fetched) says so here; its
#   server takes the program for down.
# Seen (Node.js 20):
#   calls_total{http_method="GET"} 1
#   promtool: read
#   calls_total{http_method="GET",http_method="get"} 1
#   promtool: duplicate label names for metric "calls_total"
#   calls_total{5xx="no"} 1
#   promtool: invalid label name for metric "calls_total"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @opentelemetry/exporter-prometheus@0.301.0 @opentelemetry/sdk-metrics@3.1.0 @opentelemetry/api@1.10.0
apt-get download -q=2 prometheus=2.42.0+ds-5+deb12u1 2>apt.log || { cat apt.log; exit 1; }
dpkg -x prometheus_*.deb .
cat >check.cjs <<'JS'
const { PrometheusSerializer } = require("@opentelemetry/exporter-prometheus");
const { MeterProvider, MetricReader } = require("@opentelemetry/sdk-metrics");

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

async function main() {
  const attributes = JSON.parse(process.argv[2]);
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  provider.getMeter("check").createCounter("calls", { description: "Calls." }).add(1, attributes);
  const { resourceMetrics } = await reader.collect();
  // Without labels of the scope and without target_info, which are the same each time.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  process.stdout.write(serializer.serialize(resourceMetrics));
}

main();
JS
show() {
  node check.cjs "$1" >page.txt
  grep -v '^#' page.txt
  local status=0 said
  said=$(usr/bin/promtool check metrics <page.txt 2>&1) || status=$?
  if ((status == 0)); then said="read"; fi
  echo "promtool: ${said#*line *: }"
}
{
  show '{"http.method":"GET"}'
  show '{"http.method":"GET","http_method":"get"}'
  show '{"5xx":"no"}'
} | tee seen
diff - seen <<'SEEN' && echo "as found"
calls_total{http_method="GET"} 1
promtool: read
calls_total{http_method="GET",http_method="get"} 1
promtool: duplicate label names for metric "calls_total"
calls_total{5xx="no"} 1
promtool: invalid label name for metric "calls_total"
SEEN
