#!/usr/bin/env bash
# The long form of the kill tests: rounds of LSM_KILLS (400) kills of a real process, with fresh
# seeds, until the minutes are over. A failure prints the seed that was used.
# usage: tests/kill.sh [minutes]
set -euo pipefail
cd "$(dirname "$0")/.."

project=tests/LsmMmap.Real.Tests
dotnet build "$project" -c Checked --nologo -v q
export LSM_KILLS="${LSM_KILLS:-400}"
export LSM_SEED="${LSM_SEED:-$((RANDOM << 15 | RANDOM))}"
end=$((SECONDS + 60 * ${1:-10}))
while [ "$SECONDS" -lt "$end" ]; do
    echo "seed $LSM_SEED, $LSM_KILLS kills"
    dotnet test "$project" -c Checked --nologo --no-build -v q --filter "FullyQualifiedName~KillTests"
    LSM_SEED=$((LSM_SEED + 100))
done
