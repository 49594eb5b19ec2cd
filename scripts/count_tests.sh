# shellcheck shell=bash
# shellcheck disable=SC2154 # make_scratch of setup.sh sets scratch
# Counts the results of test runs by their JUnit reports. Sourced by test.sh, which calls judge after
# each run, and report at the end.

passed=0 failed=0 skipped=0 summary=()

# judge SUITE RUNTIME LIMIT COMMAND…: counts the results of a command that execute has run.
judge() {
  local suite="$1" name="$1 ($2)" xml="$scratch/$1-$2.xml" limit="$3" status
  status="$(<"$scratch/$1-$2.status")"
  shift 3
  if [[ "$suite" != vm && "${*: -1}" != *_test.ts ]]; then
    trouble "$name" "has no test file"
  elif [[ -s "$xml" ]]; then
    count "$suite" "$name" "$xml" "$status" "$@"
  elif ((status == 124 || status == 137)); then
    trouble "$name" "took longer than $limit s and was stopped"
  else
    trouble "$name" "crashed (status $status): it left no report"
  fi
}

trouble() {
  failed=$((failed + 1))
  summary+=("$1: $2")
}

# Adds up one report. A run that lost tests silently counts as a failure: a file without cases, all
# tests skipped, or a status other than 0 without a failed case.
count() {
  local suite="$1" name="$2" xml="$3" status="$4" ran bad skips file
  shift 4
  cases "$xml" >"$xml.cases"
  sed -n "s/^failed\t/$name: /p" "$xml.cases" >>"$scratch/failed"
  ran="$(grep -c '^passed' "$xml.cases" || true)"
  bad="$(grep -c '^failed' "$xml.cases" || true)"
  skips="$(grep -c '^skipped' "$xml.cases" || true)"
  if [[ -n "$filter" ]]; then
    skips=0 # with a filter, reports count the tests that it left out as skipped
  else
    sed -n "s/^skipped\t/$name: /p" "$xml.cases" >>"$scratch/skipped"
    for file in "$@"; do
      [[ "$file" != ./*_test.ts ]] || grep -qF "${file#./}\"" "$xml" ||
        trouble "$name" "$file reported no test"
    done
    ((ran + bad > 0 || skips == 0)) || trouble "$name" "every test was skipped"
    ((ran + bad + skips > 0)) || trouble "$name" "ran no test"
  fi
  if ((status != 0 && bad == 0)) && [[ -z "$filter" || $ran -gt 0 ]]; then
    trouble "$name" "ended with status $status"
  fi
  passed=$((passed + ran)) failed=$((failed + bad)) skipped=$((skipped + skips))
  summary+=("$name: $ran passed, $bad failed, $skips skipped, $(<"${xml%.xml}.seconds") s")
}

# Prints "passed|failed|skipped<TAB>name<TAB>message" for each case of a JUnit report.
cases() {
  awk -v RS='<' '
    function attribute(key) {
      if (!match($0, " " key "=\"[^\"]*\"")) return ""
      return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 4)
    }
    function flush() { if (name != "") print outcome "\t" name "\t" message; name = "" }
    /^testcase[ \n]/ { flush(); name = attribute("name"); outcome = "passed"; message = "" }
    /^(failure|error)[ >\/]/ {
      outcome = "failed"
      message = substr(attribute("message") substr($0, index($0, ">")), 1, 400)
      gsub(/[[:space:]]+/, " ", message)
    }
    /^skipped[ >\/]/ { outcome = "skipped"; message = attribute("message") }
    END { flush() }' "$1" |
    sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&#39;/'\''/g; s/&apos;/'\''/g; s/&amp;/\&/g'
}

report() {
  local line
  [[ -z "$filter" ]] || ((passed + failed > 0)) || trouble "-t $filter" "no test has such a name"
  if [[ -s "$scratch/skipped" ]]; then
    heading skipped
    while read -r line; do echo "$line"; done < <(skips_with_reasons)
  fi
  # Failures come near the end, because truncated logs keep the end of the output.
  if [[ -s "$scratch/failed" ]]; then
    heading failed
    tr '\t' ' ' <"$scratch/failed"
  fi
  heading summary
  ((${#summary[@]} == 0)) || printf '%s\n' "${summary[@]}"
  line="$passed passed, $failed failed"
  ((skipped == 0)) || line+=", $skipped skipped"
  printf '\n%s\n' "$line"
  ((failed == 0))
}

skips_with_reasons() {
  awk -F '\t' '
    FILENAME == ARGV[1] { reasons[$1] = $2; next }
    {
      name = $1
      sub(/^[a-z]+ \([a-z]+\): /, "", name)
      reason = $2 != "" ? $2 : reasons[name]
      print $1 ": " (reason != "" ? reason : "no reason given")
    }' "$TSBCC_SKIP_LOG" "$scratch/skipped"
}
