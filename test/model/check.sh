#!/usr/bin/env bash
# Checks lock.pml and durable.pml with Spin: what must hold does, in every reachable state, and what must
# break without one of the rules does break. docs/model.md explains the model.
# Usage: bash test/model/check.sh [--larger] [words]
#   --larger   two larger searches besides, which would make a run of every change too long
#   words      only the checks whose name contains them
set -eu
cd "$(dirname "$0")"
larger=
if [ "${1:-}" = --larger ]; then
  larger=yes
  shift
fi
only=${1:-}
model=$PWD/lock.pml
at_once=2
memory_each_mb=3900
seconds_each=1500

if ! command -v spin >/dev/null || ! command -v gcc >/dev/null; then
  root=
  [ "$(id -u)" = 0 ] || root=sudo
  wait_for_others='-o DPkg::Lock::Timeout=120'
  { $root apt-get update -qq $wait_for_others &&
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $wait_for_others spin gcc libc6-dev; } \
    >/dev/null 2>&1 || { echo 'not ok model: spin and gcc could not be installed'; echo '0 passed, 1 failed'; exit 1; }
fi

mkdir -p ../../.cache/model
work=$(mktemp -d "$(cd ../../.cache/model && pwd)/check.XXXXXX")
asked=0

# Whether the verifier left nothing out: the whole state space, no approximation of it, no limit
# reached, nothing it should have looked at switched off, and a verdict.
complete() {
  local out=$1 kind=$2
  grep -q '^Full statespace search' "$out" &&
    ! grep -qiE 'bit statespace|hash-?compact|too small|out of memory|memory limit|-DMEMLIM|aborting|not completed|truncated|interrupted|partial order' "$out" &&
    grep -qE '^[[:space:]]+assertion violations[[:space:]]+\+' "$out" &&
    grep -q '^State-vector .* errors: 0$' "$out" &&
    if [ "$kind" = live ]; then
      grep -qE 'never claim[[:space:]]+\+ \(acquired\)' "$out" &&
        grep -qE 'acceptance +cycles[[:space:]]+\+ \(fairness enabled\)' "$out"
    else
      grep -qE 'never claim[[:space:]]+- ' "$out"
    fi
}

# Whether every step (a d_step each) that the verifier was built with has a count of its own.
covered() {
  sed -nE 's|^[[:space:]]*case ([0-9]+): // STATE .*\[D_STEP[0-9]+\]$|\1|p' "$1/pan.m" | sort >"$1/steps"
  sed -nE 's|^ *[1-9][0-9.e+]*[[:space:]]+trans +([0-9]+) .*|\1|p' "$1/out" | sort >"$1/taken"
  [ -s "$1/steps" ] && [ -z "$(comm -23 "$1/steps" "$1/taken")" ]
}

# verify <holds|covers|breaks> <safety|live> <search depth> <name> <-D...>: prints the verdict.
# `covers` is `holds`, and every step that the model's processes can take was taken.
verify() {
  local expect=$1 kind=$2 depth=$3 name=$4 why= states= memory= start=$SECONDS flags run='-w25' dir sign
  shift 4
  # Fast code is worth its compilation in the long searches only; the others check array bounds too.
  local keep_apart=
  case $expect-$kind in
    covers-safety)
      keep_apart=-o3
      flags='-O2 -DSAFETY -DNOBOUNDCHECK -DPEG'
      ;;
    breaks-safety) flags='-O0 -DSAFETY' ;;
    *-safety) flags='-O2 -DSAFETY -DNOBOUNDCHECK' ;;
    *-live)
      set -- -DLIVE "$@"
      flags='-O1 -DNFAIR=3'
      run='-a -f -w24'
      ;;
  esac
  dir=$(mktemp -d "$work/run.XXXXXX")
  if ! (cd "$dir" && spin $keep_apart -a "$@" "$model" >out 2>&1) || [ ! -s "$dir/pan.c" ]; then
    why='spin refused the model'
  elif ! gcc -w -DNOREDUCE -DMEMLIM="$memory_each_mb" $flags -o "$dir/pan" "$dir/pan.c" >"$dir/out" 2>&1; then
    why='the verifier does not compile'
  else
    (cd "$dir" && timeout "$seconds_each" ./pan $run -m"$depth" >out 2>&1) || echo 'pan: aborting, it did not end by itself' >>"$dir/out"
    states=$(awk '/ states, stored/ { printf "%.0f", $1; exit }' "$dir/out")
    memory=$(awk '/total actual memory usage/ { printf "%.0f", $1; exit }' "$dir/out")
    if [ "$expect" = breaks ]; then
      sign='assertion violated'
      [ "$kind" = safety ] || sign='acceptance cycle '
      if ! grep -q '^State-vector .* errors: 1$' "$dir/out" || ! grep -q "^pan:[0-9]*: $sign" "$dir/out"; then
        why='there is no counterexample'
      fi
    elif grep -q '^State-vector .* errors: [1-9]' "$dir/out"; then
      why='there is a counterexample'
    elif ! complete "$dir/out" "$kind"; then
      why='the search was not exhaustive'
    elif [ "$expect" = covers ] && ! covered "$dir"; then
      why='a step of the model was never taken'
    fi
    [ -n "$states" ] && [ -n "$memory" ] || why=${why:-'there is no result'}
  fi
  if [ -z "$why" ]; then
    echo "ok model: $name, $states states, $memory MB, $((SECONDS - start)) s"
    rm -rf "$dir"
  else
    echo "not ok model: $name: $why (see $dir/out)"
  fi
}

# As verify, beside others.
check() {
  case $4 in *"$only"*) ;; *) return 0 ;; esac
  while [ "$(jobs -pr | wc -l)" -ge "$at_once" ]; do wait -n || true; done
  asked=$((asked + 1))
  verify "$@" | tee "$work/$asked.verdict" &
}

# Every removal below takes one rule out of `two`, `edge`, `mixed` or `far`, which hold with it.
three='-DNTS=2 -DNPY=1 -DLEASE=4'
two='-DNTS=2 -DNPY=0 -DLEASE=4 -DDELAY=6'
edge='-DNTS=2 -DNPY=0 -DLEASE=3 -DDELAY=3 -DANY_LAG -DDATE_SKEW=3'
mixed='-DNTS=1 -DNPY=1 -DLEASE=4 -DDELAY=4 -DANY_LAG'
far='-DNTS=2 -DNPY=0 -DLEASE=5 -DDELAY=6 -DLAG0=3 -DLAG1=0 -DLAG_MIN=0'

me='mutual exclusion'
check covers safety 5000000 "$me, 2 TypeScript + 1 Python" $three -DDELAY=2
if [ "$larger" ]; then
  check covers safety 10000000 "$me, 2 TypeScript + 1 Python, writes late by a lease" $three -DDELAY=4
  check holds safety 1000000 "$me, 2 TypeScript, any clocks within a tick, a longer lease" -DNTS=2 -DNPY=0 -DLEASE=4 -DDELAY=4 -DANY_LAG
fi
check holds safety 2000000 "$me, 2 TypeScript, two copies on the wire" -DNTS=2 -DNPY=0 -DLEASE=3 -DDELAY=2 -DLAG0=0 -DSTRAYS=2
check holds safety 1000000 "$me, 2 TypeScript, writes late by more than a lease" $two
check holds safety 1000000 "$me, 2 TypeScript, any clocks within a tick, the largest skew of Date" $edge
check holds safety 1000000 "$me, 2 TypeScript, a clock far behind" $far
check holds safety 1000000 "$me, 2 TypeScript, a clock far behind, stamps with the top bit" $far -DTOPBIT
check holds safety 2000000 "$me, 1 TypeScript + 1 Python, two copies on the wire" -DNTS=1 -DNPY=1 -DLEASE=3 -DDELAY=2 -DLAG0=0 -DSTRAYS=2
check holds safety 1000000 "$me, 1 TypeScript + 1 Python, any clocks within a tick" $mixed
check holds safety 1000000 "$me, 1 TypeScript + 1 Python, no state merged" -DNTS=1 -DNPY=1 -DLEASE=3 -DDELAY=3 -DLAG0=0 -DNO_PRUNE

tokens='-DNTS=2 -DNPY=0 -DLEASE=3 -DDELAY=2'
soon='-DNTS=2 -DNPY=0 -DLEASE=3 -DDELAY=1'
ttl='-DTTL -DBEHIND'
rise='each token is greater than those before'
check holds safety 2000000 "$rise, 2 TypeScript, a backup comes back" $tokens -DRESTORES
check covers safety 2000000 "$rise, 2 TypeScript, TTL deletes, a clock days behind at first" $tokens $ttl
check holds safety 2000000 "$rise, 2 TypeScript, TTL deletes, any clocks within a tick" $soon $ttl -DANY_LAG

no='counterexample without'
check breaks safety 1000000 "$no the order of tokens in an acquire" $tokens -DRESTORES -DWITHOUT_TOKEN_ORDER
check breaks safety 1000000 "$no tokens that follow the clock, a backup comes back" $tokens -DRESTORES -DWITHOUT_CLOCK
check breaks safety 1000000 "$no tokens that follow the clock, TTL deletes" $tokens -DTTL -DWITHOUT_CLOCK
check breaks safety 1000000 "$no an expiresAt after the token" $tokens $ttl -DWITHOUT_TOKEN_EXPIRY
check breaks safety 1000000 "$no an expiresAt after the clock" $tokens $ttl -DWITHOUT_CLOCK_EXPIRY
check breaks safety 1000000 "$no a day that is longer than clocks and messages are late" $tokens $ttl -DDAY=3
check breaks safety 1000000 "$no a new hold for a token behind the clock" $soon $ttl -DWITHOUT_RENEWAL
check breaks safety 1000000 "$no the token in a refresh" $tokens $ttl -DWITHOUT_TOKEN_IN_REFRESH
check breaks safety 1000000 "$no the order of versions in a refresh" $two -DWITHOUT_VERSION_ORDER
check breaks safety 1000000 "$no the hold id in a refresh" $two -DWITHOUT_HOLD_ID
check breaks safety 1000000 "$no the condition of a release" $two -DWITHOUT_RELEASE_CONDITION
check breaks safety 1000000 "$no the exact version in a takeover" $two -DWITHOUT_EXACT_TAKEOVER
check breaks safety 1000000 "$no a new hold id for each acquisition" $two -DWITHOUT_NEW_HOLD_ID
check breaks safety 1000000 "$no counting from the answer" $two -DWITHOUT_ANSWER_TIME
check breaks safety 1000000 "$no the first sent of a repeated request" $two -DWITHOUT_FIRST_SENT
check breaks safety 1000000 "$no going by the version that landed" $two -DWITHOUT_LANDED_VERSION
check breaks safety 1000000 "$no the safety margin" $two -DMARGIN=0
check breaks safety 1000000 "$no the bound on a clock's rate" $two -DFAST=2
check breaks safety 1000000 "$no the bound on the skew of Date" $edge -DDATE_SKEW=4
check breaks safety 1000000 "$no the shortening by the stamp" $far -DWITHOUT_SHORTENING
check breaks safety 1000000 "$no the rule for the top bit" $far -DTOPBIT -DWITHOUT_TOPBIT
check breaks safety 1000000 "$no the extra wait for a Python version" $mixed -DEXTRA=0
check breaks safety 1000000 "$no the assumption that Python's takeover is not repeated" $mixed -DPY_REPEATS_STEAL

small='-DLEASE=3 -DDELAY=3'
ea='eventual acquisition'
check holds live 1000000 "$ea, by TypeScript from TypeScript" -DNTS=2 -DNPY=0 $small -DTARGET=0
check holds live 1000000 "$ea, by TypeScript from TypeScript, observed alone" -DNTS=2 -DNPY=0 $small -DTARGET=0 -DWITHOUT_STAMPED
check holds live 1000000 "$ea, by TypeScript from TypeScript, stamped alone" -DNTS=2 -DNPY=0 $small -DTARGET=0 -DWITHOUT_OBSERVED
check holds live 1000000 "$ea, by TypeScript from Python" -DNTS=1 -DNPY=1 $small -DTARGET=0
check holds live 1000000 "$ea, by Python from TypeScript" -DNTS=1 -DNPY=1 $small -DTARGET=1
check breaks live 1000000 "a waiter left behind without both takeover rules" -DNTS=2 -DNPY=0 $small -DTARGET=0 -DWITHOUT_STAMPED -DWITHOUT_OBSERVED
check breaks live 1000000 "a waiter left behind by Python without observed" -DNTS=1 -DNPY=1 $small -DTARGET=0 -DWITHOUT_OBSERVED

model=$PWD/durable.pml
alone='-DNEXEC=1 -DNPROC=1 -DDELAY=2 -DTOKENS=1'
late='-DNEXEC=1 -DNPROC=1 -DDELAY=4 -DTOKENS=2 -DMOST=2 -DCRASHES=0 -DWITHOUT_TOKEN'
check covers safety 3000000 "$me, a durable execution with a zombie + a process" $alone
check holds safety 3000000 "$me, 2 durable executions, one with a zombie" -DNEXEC=2 -DNPROC=0 -DDELAY=2 -DTOKENS=1
check holds safety 1000000 "$me, a durable execution + a process, writes late by more than a lease" $late
for rule in EVICTION EVICTION_WAIT EXACT_EVICTION NEXT_ORDINAL ORDINAL OWN_VERSION VERSION_ORDER RELEASE_AFTER_STEP; do
  check breaks safety 1000000 "$no a rule of durable executions, $rule" $alone -DWITHOUT_$rule
done
check breaks safety 1000000 "$no the second write of a durable execution's acquire" $late -DWITHOUT_TWO_WRITES

wait
passed=0
for verdict in $(seq "$asked"); do
  case $(cat "$work/$verdict.verdict" 2>/dev/null) in
    'ok model: '*) passed=$((passed + 1)) ;;
    'not ok model: '*) ;;
    *) echo "not ok model: check $verdict ended without a verdict" ;;
  esac
done
failed=$((asked - passed))
[ "$failed" -gt 0 ] || rm -rf "$work"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
