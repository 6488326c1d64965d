#!/usr/bin/env bash
# Makes a lesson video for trying a station:   make-lesson.sh OUT.mp4 SECONDS TITLE
#
# 960x540, 25 frames a second, H.264 main profile, AAC 48 kHz: a title card, chapters with a moving picture,
# spoken Mandarin with captions, a closing card. It does nothing when OUT was made before by this script with
# the same length and title.
#
# The lowest 8 rows carry the frame number, so that a camera can tell which frame is on a screen: 16 blocks of
# 60x8 pixels, block k = 0 leftmost, white when bit k of the Gray code n^(n>>1) of frame n = 0, 1, 2 ... is 1,
# else black, for k = 0..13 (it wraps after 16384 frames, 10 min 55 s). Block 14 is always black and block 15
# always white: a camera that sees them otherwise looks at something else.
#
# Needs ffmpeg (with librsvg and libass), espeak-ng and fonts-wqy-microhei.
set -euo pipefail

die() { echo "make-lesson: $*" >&2; exit 1; }

[ $# -eq 3 ] || die "usage: make-lesson.sh OUT.mp4 SECONDS TITLE"
out=$(realpath -m -- "$1") seconds=$2 title=$3
[[ $seconds =~ ^[0-9]{1,4}$ ]] && seconds=$((10#$seconds)) && ((seconds >= 5 && seconds <= 3600)) ||
    die "$2: the length must be 5 to 3600 whole seconds"
for tool in ffmpeg ffprobe espeak-ng; do
    command -v "$tool" >/dev/null || die "$tool is missing: apt-get install ffmpeg espeak-ng fonts-wqy-microhei"
done
here=$(cd "$(dirname "$(realpath "$0")")" && pwd)
recipe="stationbox lesson $seconds s: $title"
if [ "$out" -nt "$here/make-lesson.sh" ] && [ "$out" -nt "$here/scenes.sh" ] &&
    [ "$(ffprobe -v error -show_entries format_tags=comment -of default=nw=1:nk=1 "$out" 2>/dev/null)" = "$recipe" ]; then
    exit 0
fi

. "$here/scenes.sh" # chapters, scene, cloud, tractor
mkdir -p "$(dirname "$out")"
tmp=$(mktemp -d "$(dirname "$out")/.lesson.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" # short relative names need no escaping in filters

# --- the plan, in milliseconds ---------------------------------------------------------------------------
total=$((seconds * 1000))
intro=$((total / 5 < 5000 ? total / 5 : 5000))
outro=$((total / 6 < 4000 ? total / 6 : 4000))
body=$((total - intro - outro))
per=$((body < 100000 ? 12000 : 24000))
count=$(((body + per / 2) / per))
((count > 0)) || count=1
start_of() { echo $((intro + body * $1 / count)); } # of chapter $1 = 0, 1, ...

# --- speech: raw 22050 Hz s16 mono, put together byte by byte; captions as ASS ----------------------------
say() { espeak-ng -v cmn -s 215 -p 42 -g 1 --stdout -- "$1" | tail -c +45; }
millis() { echo $(($(stat -c %s "$1") * 1000 / 44100)); }
stamp() { printf '%d:%02d:%02d.%02d' $(($1 / 3600000)) $(($1 / 60000 % 60)) $(($1 / 1000 % 60)) $(($1 / 10 % 100)); }
plain() { printf '%s' "$1" | tr -d '\r' | tr '\n' ' ' | sed 's/\\/＼/g; s/{/（/g; s/}/）/g'; }
event() { printf 'Dialogue: %d,%s,%s,%s,,0,0,0,,%s\n' "$4" "$(stamp "$1")" "$(stamp "$2")" "$3" "$5" >>text.ass; }
pad_to() { # lengthens the speech with silence up to $1 ms
    local want=$(($1 * 22050 / 1000 * 2)) have
    have=$(stat -c %s speech.raw)
    ((want <= have)) || head -c $((want - have)) /dev/zero >>speech.raw
}
speak() { # $1 text, $2 earliest, $3 latest end: says it when it fits, with a caption unless $4 is "mute"
    local from len
    say "$1" >word.raw
    len=$(millis word.raw)
    from=$(millis speech.raw)
    ((from >= $2)) || from=$2
    ((from + len <= $3)) || return 1
    pad_to "$from"
    cat word.raw >>speech.raw
    [ "${4:-}" = mute ] || event "$from" $((from + len + 300)) Caption 1 "$(plain "$1")"
    pad_to $((from + len + 350))
}

: >speech.raw
cat >text.ass <<'ASS'
[Script Info]
ScriptType: v4.00+
PlayResX: 960
PlayResY: 540
WrapStyle: 0
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Card,WenQuanYi Micro Hei,92,&H00FFFFFF,&H00FFFFFF,&H00302010,&H80000000,1,0,0,0,100,100,4,0,1,3,2,5,60,60,0,1
Style: Small,WenQuanYi Micro Hei,36,&H00D8F4FF,&H00FFFFFF,&H00302010,&H80000000,0,0,0,0,100,100,2,0,1,2,0,5,60,60,0,1
Style: Chapter,WenQuanYi Micro Hei,64,&H00FFFFFF,&H00FFFFFF,&H00302010,&H80000000,1,0,0,0,100,100,3,0,1,3,1,4,70,40,0,1
Style: Corner,WenQuanYi Micro Hei,28,&H00FFFFFF,&H00FFFFFF,&H00302010,&H80000000,0,0,0,0,100,100,1,0,1,2,0,7,28,28,20,1
Style: Caption,WenQuanYi Micro Hei,40,&H00FFFFFF,&H00FFFFFF,&H00281808,&H80000000,1,0,0,0,100,100,1,0,1,3,0,2,50,50,32,1
Style: Plate,WenQuanYi Micro Hei,20,&H50302410,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,0,0,7,0,0,0,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
ASS

plate() { echo "{\\pos(0,0)\\p1}m $1 $2 l $3 $2 $3 $4 $1 $4{\\p0}"; }
shown=$(plain "$title")
letters=${#shown}
size=$((letters <= 8 ? 92 : letters <= 12 ? 68 : letters <= 24 ? 52 : 40))

event 0 "$intro" Plate 0 "{\\fad(0,300)}$(plate 0 150 960 400)"
event 0 "$intro" Plate 0 "{\\fad(0,300)\\1c&H20A8F0&\\1a&H00&}$(plate 0 150 960 156)"
event 0 "$intro" Small 1 "{\\pos(480,196)\\fad(0,300)}村级远程教育"
event 0 "$intro" Card 1 "{\\pos(480,282)\\fs$size\\fad(0,300)}$shown"
event 0 "$intro" Small 1 "{\\pos(480,366)\\fad(0,300)}请坐好，课程现在开始"
speak "今天的课程是，$title。" 300 "$intro" mute || true

numerals=(一 二 三 四 五 六 七 八 九 十)
numeral() { # 1..99 as a Chinese numeral
    local tens=$(($1 / 10)) ones=$(($1 % 10)) text=
    ((tens <= 1)) || text=${numerals[tens - 1]}
    ((tens == 0)) || text+=十
    ((ones == 0)) || text+=${numerals[ones - 1]}
    echo "$text"
}
for ((i = 0; i < count; i++)); do
    from=$(start_of $i) to=$(start_of $((i + 1))) IFS='|'
    read -r -a part <<<"${chapters[i % ${#chapters[@]}]}"
    unset IFS
    name=${part[0]}
    ((i < ${#chapters[@]})) || name="复习：$name"
    heading="第$(numeral $((i % 99 + 1)))讲"
    event "$from" $((from + 2600 < to ? from + 2600 : to)) Plate 0 "{\\fad(250,350)}$(plate 0 190 620 330)"
    event "$from" $((from + 2600 < to ? from + 2600 : to)) Plate 0 "{\\fad(250,350)\\1c&H20A8F0&\\1a&H00&}$(plate 0 190 10 330)"
    event "$from" $((from + 2600 < to ? from + 2600 : to)) Corner 1 "{\\an4\\pos(70,222)\\fs32\\1c&HD8F4FF&\\fad(250,350)}$heading"
    event "$from" $((from + 2600 < to ? from + 2600 : to)) Chapter 1 "{\\pos(70,280)\\fad(250,350)}$name"
    event $((from + 2600 < to ? from + 2600 : to)) "$to" Corner 1 "$shown　$heading　$name"
    speak "$heading，$name。" $((from + 400)) $((to - 400)) mute || true
    for sentence in "${part[@]:1}"; do
        speak "$sentence" $((from + 2800)) $((to - 500)) || break
    done
done

closing=$((intro + body))
event "$closing" "$total" Plate 0 "{\\fad(300,0)}$(plate 0 150 960 400)"
event "$closing" "$total" Plate 0 "{\\fad(300,0)\\1c&H20A8F0&\\1a&H00&}$(plate 0 394 960 400)"
event "$closing" "$total" Card 1 "{\\pos(480,246)\\fad(300,0)}本课结束"
event "$closing" "$total" Small 1 "{\\pos(480,340)\\fad(300,0)}谢谢大家，请按次序离开"
speak "本课结束，谢谢大家。" $((closing + 200)) "$total" mute || true
pad_to "$total"

# --- loudness: the speech to -20 LUFS, the music far below ------------------------------------------------
raw=(-f s16le -ar 22050 -ac 1)
loudness=$(ffmpeg -nostdin -v info "${raw[@]}" -i speech.raw -af ebur128 -f null - 2>&1 |
    awk '/^ +I:/ { v = $2 } END { print (v < -60 || v == "") ? -20 : v }')
gain=$(awk -v l="$loudness" 'BEGIN { printf "%.2f", -20 - l }')
ffmpeg -nostdin -v error -y -f lavfi -i "aevalsrc='0.5*sin(2*PI*t*261.63*pow(2,(2*eq(mod(floor(t/0.5)*5,7),1)+4*eq(mod(floor(t/0.5)*5,7),2)+7*eq(mod(floor(t/0.5)*5,7),3)+9*eq(mod(floor(t/0.5)*5,7),4)+12*eq(mod(floor(t/0.5)*5,7),5)-5*eq(mod(floor(t/0.5)*5,7),6))/12))*exp(-4*mod(t,0.5))*min(1,mod(t,0.5)*200)':s=48000:d=21" music.wav

# --- pictures ---------------------------------------------------------------------------------------------
draw() { ffmpeg -nostdin -v error -y -i "$1.svg" -frames:v 1 "$1.png" || die "ffmpeg cannot draw SVG (librsvg)"; }
cloud >cloud.svg && draw cloud
tractor >tractor.svg && draw tractor
sun >sun.svg && draw sun
inputs=() graph= labels= stills=$((count + 2))
# A picture is decoded and converted once, then repeated.
# librsvg hands out premultiplied colours, overlay wants plain ones.
clear='format=gbrap,unpremultiply=inplace=1,format=yuva420p'
still='loop=loop=-1:size=1,settb=1/25,setpts=N'
for ((i = 0; i < stills; i++)); do # one for the title, one a chapter, one for the end
    case $i in
    0) from=0 to=$intro ;;
    $((stills - 1))) from=$closing to=$total ;;
    *) from=$(start_of $((i - 1))) to=$(start_of $i) ;;
    esac
    scene "$i" "$stills" >"scene$i.svg" && draw "scene$i"
    frames=$((to * 25 / 1000 - from * 25 / 1000 + 1)) # one to spare: the whole is cut to length
    inputs+=(-i "scene$i.png")
    graph+="[$i:v]format=yuv420p,setsar=1,$still,trim=end_frame=$frames[s$i];"
    labels+="[s$i]"
done
n=$stills
inputs+=(-i sun.png -i cloud.png -i tractor.png)
inputs+=("${raw[@]}" -i speech.raw -stream_loop -1 -i music.wav)
graph+="${labels}concat=n=$stills:v=1:a=0[land];"
graph+="[$n:v]$clear,$still[sun];[$((n + 1)):v]split[near][c1];[near]$clear,$still[cloud];"
graph+="[c1]scale=150:-1,$clear,$still[far];[$((n + 2)):v]$clear,$still[tractor];"
over='overlay=format=yuv420'
graph+="[land][sun]$over:x='60+760*t/$seconds':y='150-110*sin(PI*t/$seconds)'[v0];"
graph+="[v0][far]$over:x='960-mod(t*22,1150)':y=36[v1];[v1][cloud]$over:x='mod(420+t*38,1300)-300':y=70[v2];"
graph+="[v2][tractor]$over:x='mod(200+t*70,1200)-200':y='354+2*sin(t*9)'[v3];"
graph+="[v3]ass=text.ass[v4];color=c=0xF0A820:s=960x6:r=25[bar];"
graph+="[v4][bar]overlay=format=yuv420:x='-960+960*t/$seconds':y=526[v5];"
# The strip: 16 blocks computed in a picture of 32x2 pixels, where it costs nothing, then enlarged without blur.
bit='if(eq(floor(X/2),15),235,if(eq(floor(X/2),14),16,16+219*mod(floor((N+pow(2,floor(X/2)))/pow(2,floor(X/2)+1)),2)))'
graph+="color=c=black:s=32x2:r=25,format=yuv420p,geq=lum='$bit':cb=128:cr=128,scale=960:8:flags=neighbor,setsar=1[strip];"
graph+="[v5]format=yuv420p[v6];[v6][strip]vstack=shortest=1,format=yuv420p[v];"
graph+="[$((n + 3)):a]aresample=48000,volume=${gain}dB,alimiter=limit=0.9:level=0[voice];"
graph+="[$((n + 4)):a]volume=-26dB[music];[voice][music]amix=inputs=2:duration=first:normalize=0,aresample=48000[a]"

ffmpeg -nostdin -v error -y "${inputs[@]}" -filter_complex "$graph" -map '[v]' -map '[a]' \
    -frames:v $((seconds * 25)) -t "$seconds" \
    -c:v libx264 -preset ultrafast -coder 1 -profile:v main -crf 23 -g 50 -r 25 -colorspace bt709 -color_range tv \
    -c:a aac -b:a 96k -ar 48000 -ac 2 -movflags +faststart \
    -metadata "title=$title" -metadata "comment=$recipe" -metadata language=zho made.mp4
mv made.mp4 "$out"
