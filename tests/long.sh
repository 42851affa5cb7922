#!/usr/bin/env bash
# The long form of the model tests: random operations against the model, with fresh seeds; and of
# the crash tests: more random disks for each cut (LSM_CRASH_SEEDS), every fault.
# usage: tests/long.sh [minutes]
# Without minutes: one round of 10,000,000 operations (LSM_MODEL_OPERATIONS overrides). With
# minutes: rounds of 1,000,000 until they are over. A failure prints the seed that repeats it.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes="${1:-0}"
project=tests/LsmMmap.Engine.Tests
crash=tests/LsmMmap.Crash.Tests
dotnet build "$project" -c Checked --nologo -v q
dotnet build "$crash" -c Checked --nologo -v q

round() {
    echo "seeds from $LSM_SEED, $LSM_MODEL_OPERATIONS operations"
    dotnet test "$project" -c Checked --nologo --no-build -v q \
        --filter "FullyQualifiedName~ModelTests"
    LSM_CRASH_SEEDS="${LSM_CRASH_SEEDS:-200}" LSM_FAULT_STRIDE="${LSM_FAULT_STRIDE:-1}" \
        dotnet test "$crash" -c Checked --nologo --no-build -v q \
        --filter "FullyQualifiedName~Sweep"
}

export LSM_SEED="${LSM_SEED:-$(( (RANDOM << 15 | RANDOM) ))}"
if [ "$minutes" -eq 0 ]; then
    export LSM_MODEL_OPERATIONS="${LSM_MODEL_OPERATIONS:-10000000}"
    round
    exit 0
fi

export LSM_MODEL_OPERATIONS="${LSM_MODEL_OPERATIONS:-1000000}"
end=$((SECONDS + 60 * minutes))
while [ "$SECONDS" -lt "$end" ]; do
    round
    # Beyond every seed that the round has used.
    LSM_SEED=$((LSM_SEED + LSM_MODEL_OPERATIONS / 10000 + 20))
done
