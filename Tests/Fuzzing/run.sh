#!/usr/bin/env bash
# Runs every target of docent-fuzz for its share of some seconds: run.sh PROGRAM SECONDS
#
# What it learns stays in .build-fuzz/corpus, and the next run begins there. An input that breaks something is kept in
# .build-fuzz/found; once it is understood it becomes a test, and a file of Tests/Fuzzing/Corpus.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$1
targets=(frames codec server teacher client artefact)
share=$(($2 / ${#targets[@]}))
[ "$share" -ge 1 ] || share=1

# libFuzzer writes the stack of a crash; Swift's reporter would read memory that AddressSanitizer guards.
export SWIFT_BACKTRACE=enable=no

mkdir -p .build-fuzz/found
failed=()
for target in "${targets[@]}"; do
  mkdir -p ".build-fuzz/corpus/$target"
  log=.build-fuzz/$target.log
  printf 'fuzz %-9s' "$target"
  if "$program" "$target" -max_total_time="$share" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 \
    -print_final_stats=1 -artifact_prefix=".build-fuzz/found/$target-" \
    ".build-fuzz/corpus/$target" "Tests/Fuzzing/Corpus/$target" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    features=$(sed -n 's/.* ft: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    echo "$runs inputs in $share s, $rate a second, $features features: nothing found"
  else
    failed+=("$target")
    echo "FAILED; the end of $log:"
    grep -v 'Cannot export' "$log" | tail -n 60
    grep -o 'Test unit written to .*' "$log" || true
  fi
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "fuzz: inputs that break ${failed[*]} are in .build-fuzz/found; run one again with" >&2
  echo "  $program TARGET .build-fuzz/found/TARGET-..." >&2
  exit 1
fi
