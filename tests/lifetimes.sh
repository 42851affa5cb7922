#!/usr/bin/env bash
# The long form of the lifetime stress: readers against everything that lets memory go, in a process
# in which what was let go stays inaccessible. Rounds of ten minutes with fresh seeds.
# usage: tests/lifetimes.sh [minutes]
set -euo pipefail
cd "$(dirname "$0")/.."

project=tests/LsmMmap.Real.Tests
dotnet build "$project" -c Checked --nologo -v q
export LSM_LIFETIME_SECONDS=600
export LSM_SEED="${LSM_SEED:-$((RANDOM << 15 | RANDOM))}"
end=$((SECONDS + 60 * ${1:-60}))
while [ "$SECONDS" -lt "$end" ]; do
    echo "seed $LSM_SEED"
    dotnet test "$project" -c Checked --nologo --no-build -v q \
        --filter "FullyQualifiedName~LifetimeTests"
    LSM_SEED=$((LSM_SEED + 1))
done
