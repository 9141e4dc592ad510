#!/usr/bin/env bash
# Runs test targets under a sanitizer: run.sh thread|address TARGET...
set -euo pipefail
cd "$(dirname "$0")/../.."
sanitizer=$1
shift
case "$sanitizer" in
  thread) scratch=.build-tsan ;;
  address) scratch=.build-asan ;;
  *) echo "expected thread or address" >&2; exit 2 ;;
esac
# Tests leave embedded channels open at their end, which refer to themselves until they are closed; leaks are looked for
# by `make fuzz`, whose connections are closed.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1

# The linker cannot export functions that AddressSanitizer adds; nobody wants them.
swift build --build-tests --sanitize="$sanitizer" --scratch-path "$scratch" 2>&1 | sed '/Cannot export local symbol/d'
filter="^($(IFS='|'; echo "$*"))\\."
log=$scratch/sanitize.log
# Tests that hang are to fail: they take a minute.
timeout --kill-after=10 900 swift test --skip-build --sanitize="$sanitizer" --scratch-path "$scratch" --filter "$filter" 2>&1 | tee "$log"
# Whatever became of the exit code on the way.
if grep -qE '(WARNING|ERROR): (Thread|Address|Leak)Sanitizer' "$log"; then
  echo "sanitize: reports of the $sanitizer sanitizer are in $log" >&2
  exit 1
fi
