#!/usr/bin/env bash
# Plays scenarios in real time with the programs in bin/: deploy/scenarios.sh [-beside LONG] NAME …
# LONG, a long one that asks little of the machine, is played while the others are, one after the other.
# Real time needs a machine that has time: when a scenario fails while programs of this machine had to
# wait for a processor for more than a quarter of the time (the kernel counts it), that run says nothing
# about the station and is played once more. A failure on a machine that had time is a failure.
set -euo pipefail
mkdir -p .cache

waited() { # microseconds since the start in which somebody waited for a processor, 0 where it is not counted
	sed -n 's/^some .*total=//p' /proc/pressure/cpu 2>/dev/null || echo 0
}

play() { # NAME; leaves the share of waiting, in per cent, in $share
	local before after begun
	before=$(waited) begun=$(date +%s%N)
	bin/simstation -scenario "$1" -exit -report ".cache/report-$1.json" && rc=0 || rc=$?
	after=$(waited)
	share=$((${after:-0} - ${before:-0}))
	share=$((share * 100000 / ($(date +%s%N) - begun)))
	echo "scenario $1: exit $rc, programs waited for a processor $share % of the time"
}

judge() { # NAME; its exit code is that of the scenario
	play "$1"
	if [ "$rc" != 0 ] && [ "$share" -gt 25 ]; then
		echo "scenario $1: the machine was too busy to judge, once more"
		play "$1"
	fi
	return "$rc"
}

failed=0 count=0 beside=
if [ "${1:-}" = -beside ]; then
	judge "$2" >.cache/beside.log 2>&1 &
	beside=$! count=1
	shift 2
fi
for name in "$@"; do
	count=$((count + 1))
	judge "$name" || failed=$((failed + 1))
done
if [ -n "$beside" ]; then
	wait "$beside" || failed=$((failed + 1))
	cat .cache/beside.log
fi
echo "$((count - failed)) passed, $failed failed"
[ "$failed" = 0 ]
