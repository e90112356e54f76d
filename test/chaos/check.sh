#!/usr/bin/env bash
# The chaos suite as a check: an honest run against each server, and one with a planted bug, which has to be
# found. About four minutes.
#
#   test/chaos/check.sh [seed]    from the repository's root
set -uo pipefail

seed=${1:-$(($(date +%s) % 1000000))}
passed=0
failed=0
log=$(mktemp)
run=

# An interrupted check takes its run along, which in turn kills whatever it started.
stop() {
  [ -n "$run" ] && kill "$run" 2>/dev/null && wait "$run"
  exit 130
}
trap stop INT TERM HUP
trap 'rm -f "$log"' EXIT

# expect STATUS TITLE ARGUMENTS...: runs the suite and compares its exit code.
expect() {
  local expected=$1 title=$2 status
  shift 2
  node --import tsx test/chaos/main.ts "$@" >"$log" 2>&1 &
  run=$!
  wait "$run"
  status=$?
  run=
  # Exit code 1 alone could be anything; the planted bug has to be found as what it is.
  if [ "$expected" = 1 ] && ! grep -q '^found: two holders of .* w0\.' "$log"; then
    status="$status, without two holders"
  fi
  if [ "$status" = "$expected" ]; then
    passed=$((passed + 1))
    echo "ok chaos: $title: $(grep '^sections' "$log")"
  else
    failed=$((failed + 1))
    echo "not ok chaos: $title: exit code $status, expected $expected; again with: npx tsx test/chaos/main.ts $*"
    sed 's/^/  /' "$log"
  fi
}

expect 0 "embedded server, seed $seed" --seconds 60 --seed "$seed" --server embedded
expect 0 "DynamoDB Local, seed $((seed + 1))" --seconds 60 --seed $((seed + 1)) --server dynamodb-local
expect 1 "a client that ignores its deadline is found, seed $((seed + 2))" \
  --seconds 60 --seed $((seed + 2)) --server embedded --planted-bug

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
