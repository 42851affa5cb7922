#!/usr/bin/env bash
# The long form of the random tests: the model, the crash sweeps and the fault sweeps, in turn and
# with fresh seeds, until the time is up.
# usage: tests/long.sh [minutes] [model] [crash] [fault]
# Without minutes: one round, of 10,000,000 model operations (LSM_MODEL_OPERATIONS overrides). With
# minutes: rounds of 1,000,000 until they are over. Without names: all three.
# A failure does not end it: the message says the seed and what repeats it. The last lines count
# what was done; the exit code is 1 when anything was found.
# LSM_CRASH_SEEDS, LSM_CRASH_RUNS and LSM_FAULT_STRIDE override how much a round is.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=0
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then minutes="$1"; shift; fi
names="${*:-model crash fault}"
model=tests/LsmMmap.Engine.Tests
crash=tests/LsmMmap.Crash.Tests
for name in $names; do
    case "$name" in
        model) dotnet build "$model" -c Checked --nologo -v q ;;
        crash|fault) dotnet build "$crash" -c Checked --nologo -v q ;;
        *) echo "no such form: $name" >&2; exit 2 ;;
    esac
done

# Thousands of small stores are written and removed: in memory where the system has such a place.
if [ -z "${LSM_TEST_ROOT:-}" ] && [ -w /dev/shm ]; then export LSM_TEST_ROOT=/dev/shm; fi
LSM_TALLY=$(mktemp)
export LSM_TALLY
export LSM_SEED="${LSM_SEED:-$(( (RANDOM << 15 | RANDOM) ))}"
default_operations=1000000
[ "$minutes" -ne 0 ] || default_operations=10000000
export LSM_MODEL_OPERATIONS="${LSM_MODEL_OPERATIONS:-$default_operations}"
export LSM_CRASH_SEEDS="${LSM_CRASH_SEEDS:-10}" LSM_CRASH_RUNS="${LSM_CRASH_RUNS:-40}"
export LSM_FAULT_STRIDE="${LSM_FAULT_STRIDE:-7}"
failed=0
end=$((SECONDS + 60 * minutes))

run() { # project, filter
    dotnet test "$1" -c Checked --nologo --no-build -v m --filter "$2" || failed=1
}

total() { awk -v name="$1" '$1 == name { sum += $2 } END { printf "%d", sum }' "$LSM_TALLY"; }

over() { [ "$minutes" -ne 0 ] && [ "$SECONDS" -ge "$end" ]; }

while true; do
    for name in $names; do
        if over; then break; fi
        echo "$name: seeds from $LSM_SEED"
        case "$name" in
            model)
                run "$model" "FullyQualifiedName~ModelTests"
                echo "model-operations $LSM_MODEL_OPERATIONS" >> "$LSM_TALLY" ;;
            crash) run "$crash" "FullyQualifiedName~CrashSweepTests" ;;
            fault) run "$crash" "FullyQualifiedName~FaultSweepTests" ;;
        esac
    done
    if [ "$minutes" -eq 0 ] || over; then break; fi
    # Beyond every seed that the round has used.
    LSM_SEED=$((LSM_SEED + LSM_MODEL_OPERATIONS / 10000 + LSM_CRASH_RUNS + 20))
done

echo "$((SECONDS / 60)) minutes, up to the seeds from $LSM_SEED"
echo "model operations:          $(total model-operations)"
echo "file operations recorded:  $(total operations)"
echo "places cut:                $(total cuts)"
echo "disk states recovered:     $(total states)"
echo "faults injected:           $(total faults)"
echo "violations:                $(total violations)"
rm -f "$LSM_TALLY"
if [ "$failed" -ne 0 ]; then echo "something failed: see above"; fi
exit "$failed"
