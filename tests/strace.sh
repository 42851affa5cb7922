#!/usr/bin/env bash
# The long form of the strace sweep: that many runs of a small workload, in each of which one system
# call fails or is the last. Needs strace and the right to trace.
# usage: tests/strace.sh [runs]
set -euo pipefail
cd "$(dirname "$0")/.."

project=tests/LsmMmap.Real.Tests
dotnet build "$project" -c Checked --nologo -v q
runs="${1:-5000}"
export LSM_SEED="${LSM_SEED:-$((RANDOM << 15 | RANDOM))}"
# In portions, so that a failure is seen soon.
export LSM_STRACE_RUNS=200
for ((done = 0; done < runs; done += LSM_STRACE_RUNS)); do
    echo "seed $LSM_SEED, runs from $done"
    dotnet test "$project" -c Checked --nologo --no-build -v q \
        --filter "FullyQualifiedName~StraceTests.Calls"
    LSM_SEED=$((LSM_SEED + 1))
done
