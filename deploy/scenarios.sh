#!/usr/bin/env bash
# Plays scenarios in real time with the programs in bin/: deploy/scenarios.sh NAME …
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

failed=0
for name in "$@"; do
	play "$name"
	if [ "$rc" != 0 ] && [ "$share" -gt 25 ]; then
		echo "scenario $name: the machine was too busy to judge, once more"
		play "$name"
	fi
	[ "$rc" = 0 ] || failed=$((failed + 1))
done
echo "$(($# - failed)) passed, $failed failed"
[ "$failed" = 0 ]
