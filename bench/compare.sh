#!/usr/bin/env bash
# Compares the micro benchmarks of two commits:
#
#   bench/compare.sh <commit A> <commit B> <filter> [more options of BenchmarkDotNet]
#
# Builds both in worktrees of a temporary folder, runs the filter on each in turns (PAIRS times,
# at least and by default 3, the order changing from pair to pair) and prints for each benchmark
# the median of A and of B in nanoseconds, B / A, and the smallest and largest ratio of a pair.
# The options default to "--job short". Needs git, the .NET SDK and awk; changes nothing in the
# working tree.
set -euo pipefail

if [ $# -lt 3 ]; then
  sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
declare -A commit
commit[a]=$(git rev-parse --verify --quiet "$1^{commit}") || { echo "no commit: $1" >&2; exit 2; }
commit[b]=$(git rev-parse --verify --quiet "$2^{commit}") || { echo "no commit: $2" >&2; exit 2; }
filter=$3
shift 3
options=("$@")
if [ ${#options[@]} -eq 0 ]; then options=(--job short); fi
pairs=${PAIRS:-3}
if [ "$pairs" -lt 3 ]; then pairs=3; fi

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
place=$(mktemp -d -t lsm-compare-XXXXXX)
close() {
  for side in a b; do
    git worktree remove --force "$place/$side" 2>"$place/unused" || true
  done
  rm -rf "$place"
  git worktree prune
}
trap close EXIT

for side in a b; do
  echo "== build $side: $(git log -1 --format='%h %s' "${commit[$side]}")" >&2
  git worktree add --quiet --detach "$place/$side" "${commit[$side]}"
  if ! (cd "$place/$side" && dotnet build bench/LsmMmap.Bench -c Release -v q) \
      >"$place/$side.build" 2>&1; then
    cat "$place/$side.build" >&2
    exit 1
  fi
done

run() {
  local side=$1 pair=$2
  echo "== run $side, pair $pair of $pairs" >&2
  # In the worktree, because the runner looks for its project from there.
  if ! (cd "$place/$side" && dotnet artifacts/bin/LsmMmap.Bench/release/LsmMmap.Bench.dll \
      --filter "$filter" "${options[@]}" --artifacts "$place/results/$pair/$side") \
      >"$place/$side.run" 2>&1 </dev/null; then
    tail -n 40 "$place/$side.run" >&2
    exit 1
  fi
}

for ((pair = 1; pair <= pairs; pair++)); do
  order="a b"
  if ((pair % 2 == 0)); then order="b a"; fi
  for side in $order; do run "$side" "$pair"; done
done

# One line for each measured benchmark: side, pair, name, nanoseconds. The name is the method and
# what stands between the columns of the job and the mean: the parameters.
collect() {
  local file side pair
  for file in "$place"/results/*/*/results/*-report.csv; do
    side=$(basename "$(dirname "$(dirname "$file")")")
    pair=$(basename "$(dirname "$(dirname "$(dirname "$file")")")")
    awk -F';' -v side="$side" -v pair="$pair" -v class="$(basename "$file" -report.csv)" '
      { gsub(/"/, ""); sub(/\r$/, "") }
      NR == 1 {
        for (i = 1; i <= NF; i++) {
          if ($i == "WarmupCount") first = i + 1
          if ($i == "Mean [ns]") mean = i
          if ($i == "Method") method = i
        }
        split($0, title, ";")
        next
      }
      mean && $mean != "NA" {
        name = class "." $method
        for (i = first; i < mean; i++) name = name " " title[i] "=" $i
        value = $mean
        gsub(/,/, "", value)
        printf "%s;%s;%s;%s\n", side, pair, name, value
      }' "$file"
  done
}

collect | sort -t';' -k3,3 -k2,2n | awk -F';' '
  function median(list, count,    i, j, kept) {
    for (i = 2; i <= count; i++) {
      kept = list[i]
      for (j = i - 1; j >= 1 && list[j] > kept; j--) list[j + 1] = list[j]
      list[j + 1] = kept
    }
    return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
  }
  {
    if (!($3 in seen)) { seen[$3] = 1; names[++total] = $3 }
    ns[$3, $1, $2] = $4 + 0
    if ($2 + 0 > pairs) pairs = $2 + 0
  }
  END {
    printf "%12s %12s %7s  %-15s %s\n", "A ns", "B ns", "B / A", "of pairs", "benchmark"
    for (n = 1; n <= total; n++) {
      name = names[n]; as = bs = 0; low = high = 0
      split("", a); split("", b)
      for (p = 1; p <= pairs; p++) {
        if (!((name, "a", p) in ns) || !((name, "b", p) in ns)) continue
        a[++as] = ns[name, "a", p]; b[++bs] = ns[name, "b", p]
        if (a[as] == 0) continue
        ratio = b[bs] / a[as]
        if (!low || ratio < low) low = ratio
        if (ratio > high) high = ratio
      }
      if (!as) continue
      ma = median(a, as); mb = median(b, bs); shown++
      printf "%12.1f %12.1f %7s  %-15s %s\n", ma, mb, ma ? sprintf("%.2f", mb / ma) : "-",
        sprintf("%.2f to %.2f", low, high), name
    }
    if (!shown) { print "nothing that both commits measured" > "/dev/stderr"; exit 1 }
  }'
