#!/usr/bin/env bash
# Builds stripped arm64 and armv7 programs with Debian's cross compilers and tries them under
# qemu-user: deploy/cross.sh VERSION BUILT. Fails when a program needs a libc newer than the image's.
set -euo pipefail
version=${1:-unknown} built=${2:-}
newest_libc=2.36 # Debian 12; the image has a newer one

build() { # arch goarm cc libdir qemu
	local out=bin/linux-$1
	mkdir -p "$out"
	export GOOS=linux GOARCH=${1%v7} GOARM=${2:-}
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$version" -o "$out/guard" ./cmd/guard
	CGO_ENABLED=1 CC=$3 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$version -X main.built=$built" -o "$out/station" ./cmd/station
	local need
	need=$(readelf -W --dyn-syms "$out/station" | grep -o 'GLIBC_[0-9.]*' | cut -d_ -f2 | sort -Vu | tail -1)
	if [ -z "$need" ] || [ "$(printf '%s\n%s\n' "$need" "$newest_libc" | sort -V | tail -1)" != "$newest_libc" ]; then
		echo "cross: $out/station needs GLIBC_${need:-?}, the image has $newest_libc" >&2
		exit 1
	fi
	echo "cross: $1 station needs GLIBC_$need"
	ls -l "$out" | awk -v a="$1" 'NR>1{printf "cross: %s %-8s %5.1f MB\n", a, $9, $5/1e6}'
	"$5" -L "$4" "$out/guard" -version
	"$5" -L "$4" "$out/station" version
	"$5" -L "$4" "$out/station" check firmware/config/station.reference.toml
	"$5" -L "$4" "$out/station" rehearse firmware/config/station.reference.toml
}
build arm64 '' aarch64-linux-gnu-gcc /usr/aarch64-linux-gnu qemu-aarch64-static
build armv7 7 arm-linux-gnueabihf-gcc /usr/arm-linux-gnueabihf qemu-arm-static
