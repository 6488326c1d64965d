#!/usr/bin/env bash
# Makes the station's spoken prompts:   make-prompts.sh DIR [NAME...]
#
# Without a NAME it makes all. Each is DIR/NAME.wav, 48 kHz mono s16, Mandarin, about -20 LUFS, without leading
# silence. A prompt that is newer than this script is left as it is, so that a recorded voice can take its place.
#
# Needs ffmpeg and espeak-ng.
set -euo pipefail

die() { echo "make-prompts: $*" >&2; exit 1; }

[ $# -ge 1 ] || die "usage: make-prompts.sh DIR [NAME...]"
dir=$1 only=" ${*:2} "
for tool in ffmpeg espeak-ng; do
    command -v "$tool" >/dev/null || die "$tool is missing: apt-get install ffmpeg espeak-ng"
done
mkdir -p "$dir"
tmp=$(mktemp -d "$dir/.prompts.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# name and words; numbers are spoken digit by digit
prompts='
roll-call|各位村民，现在开始点名，请按您的号码，再按井号键。
present|签到成功。
unknown-number|没有这个号码，请再按一次。
lesson-begins|课程马上开始，请大家坐好。
lesson-ends|本课结束，谢谢大家，请慢走。
ready-ok|设备检查完毕，一切正常。
ready-not-ok|设备检查没有通过，请看屏幕上的提示。
power-lost|停电了，请大家坐在原处，不要走动。
digit-0|零。
digit-1|一。
digit-2|二。
digit-3|三。
digit-4|四。
digit-5|五。
digit-6|六。
digit-7|七。
digit-8|八。
digit-9|九。
'

prompt() { # $1 name, $2 words
    local out=$dir/$1.wav gain
    [ ! "$out" -nt "$0" ] || return 0
    espeak-ng -v cmn -s 215 -p 42 -g 2 -w "$tmp/word.wav" -- "$2"
    # Measured on its repetition: a digit alone is shorter than a measuring block.
    gain=$(ffmpeg -nostdin -v info -stream_loop 7 -i "$tmp/word.wav" -af ebur128 -f null - 2>&1 |
        awk '/^ +I:/ { v = $2 } END { printf "%.2f", (v < -60 || v == "") ? 0 : -20 - v }')
    ffmpeg -nostdin -v error -y -i "$tmp/word.wav" \
        -af "silenceremove=start_periods=1:start_threshold=-50dB,aresample=48000,volume=${gain}dB,alimiter=limit=0.9:level=0" \
        -ac 1 -ar 48000 -c:a pcm_s16le -bitexact "$tmp/made.wav"
    mv "$tmp/made.wav" "$out"
}

while IFS='|' read -r name words; do
    [ -n "$name" ] && { [ "$only" = "  " ] || [[ $only == *" $name "* ]]; } || continue
    prompt "$name" "$words"
done <<<"$prompts"
