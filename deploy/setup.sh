#!/usr/bin/env bash
# Installs what Stationbox needs from Debian's or Ubuntu's own packages: says what, asks for
# sudo only when it is not root, and does nothing when everything is there (also offline).
#   deploy/setup.sh run|test|compare|cross …      several names add up
set -euo pipefail

packages() {
	case $1 in
	# a C compiler for the sound driver, the player, an X server in memory as the TV's picture,
	# the tools that make the sample lesson and its spoken words, a Chinese font, and what makes pictures of documents
	run) echo gcc libc6-dev mpv xvfb ffmpeg espeak-ng fonts-wqy-microhei libasound2 poppler-utils ;;
	# a browser for the bench page, independent peers for the drivers and the calendar, a model checker for the guard,
	# a spreadsheet that opens the station's books
	test)
		echo gcc libc6-dev mpv xvfb ffmpeg espeak-ng fonts-wqy-microhei libasound2 poppler-utils chromium mbpoll sox spin python3-icalendar python3-ephem v4l-utils edid-decode libhamlib-utils libreoffice-calc-nogui
		command -v npm >/dev/null || echo nodejs npm
		;;
	# other players, to be measured beside ours
	compare) echo vlc-bin vlc-plugin-base vlc-plugin-video-output gstreamer1.0-plugins-base-apps gstreamer1.0-plugins-good gstreamer1.0-libav gstreamer1.0-x ;;
	# compilers for the Pi, and an emulator to run what they make
	cross) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user-static binutils ;;
	*)
		echo "setup.sh: unknown set \"$1\": give run, test, compare or cross" >&2
		exit 2
		;;
	esac
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ||
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$1t64" 2>/dev/null)" = installed ] # 64-bit time renames of trixie and 24.04
}

[ $# -gt 0 ] || {
	echo "usage: deploy/setup.sh run|test|compare|cross …" >&2
	exit 2
}
command -v dpkg-query >/dev/null || {
	echo "setup.sh: this is neither Debian nor Ubuntu: install these yourself: $(for s in "$@"; do packages "$s"; done | tr '\n' ' ')" >&2
	exit 1
}

missing=()
for set in "$@"; do
	for p in $(packages "$set"); do
		installed "$p" || [[ " ${missing[*]-} " == *" $p "* ]] || missing+=("$p")
	done
done
peers() { # what the tests need of others and Debian does not have
	[[ " $* " == *" test "* ]] && ! [ -d .cache/npm/node_modules/pjlink ] || return 0
	echo "setup: installing the npm package pjlink into .cache/npm"
	mkdir -p .cache/npm
	npm install --prefix .cache/npm --ignore-scripts --no-fund --no-audit --loglevel=error pjlink@0.2.8
}
cd "$(dirname "$0")/.."

[ ${#missing[@]} -gt 0 ] || {
	peers "$@"
	exit 0
}

sudo=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "setup.sh: not root and no sudo: ask an administrator for: apt-get install ${missing[*]}" >&2
		exit 1
	}
	sudo=(sudo)
fi
apt() { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@"; }

echo "setup: installing from the distribution: ${missing[*]}"
apt -qq update
want=()
for p in "${missing[@]}"; do
	if [ -n "$(apt-cache madison "$p" 2>/dev/null)" ]; then
		want+=("$p")
	elif [ -n "$(apt-cache madison "${p}t64" 2>/dev/null)" ]; then
		want+=("${p}t64")
	else
		echo "setup.sh: no package \"$p\" in the configured releases: check /etc/apt (Debian's \"main\" is needed)" >&2
		exit 1
	fi
done

# Where several releases are configured, an unpinned install would take the newest libc along.
pin=()
codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
releases=$(apt-cache policy | grep -o 'n=[a-z]*' | sort -u | grep -cE 'n=(bookworm|trixie|forky|sid|jammy|noble|plucky|questing|resolute)$' || true)
[ -z "$codename" ] || [ "$releases" -le 1 ] || pin=(-t "$codename")
apt install -y -qq --no-install-recommends "${pin[@]}" "${want[@]}"
peers "$@"
echo "setup: done"
