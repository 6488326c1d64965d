# Two commands do everything on a fresh Debian or Ubuntu with Go, git and make: make run, make test.
SHELL := /bin/bash
GO ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
# miniaudio without the parts we never call: a third of the compile time, 1.2 MB less.
export CGO_CFLAGS := -O2 -DMA_NO_DECODING -DMA_NO_ENCODING -DMA_NO_GENERATION -DMA_NO_ENGINE -DMA_NO_NODE_GRAPH -DMA_NO_RESOURCE_MANAGER -DMA_NO_JACK -DMA_NO_PULSEAUDIO
BUILD := $(GO) build -trimpath -buildvcs=false
BUILT := $(shell git log -1 --format=%cI 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.built=$(BUILT)
# Where goroutines of ours meet; most of these tests wait for real time, so that four packages run at once. The explorer and the
# power cuts have none, and simulated weeks would take an hour under the race detector.
RACE := ./hal/... ./media/... ./firmware/... ./cmd/...
ALONE := '/power/explore\|/internal/week\|/journal/powercut'
LIVES := $(GO) test -count=1 -timeout 0 -v -run 'TestDays|TestWeeks' ./cmd/simstation/internal/week -args
SCENARIOS := first-lesson kill-station kill-guard overvoltage brownout live no-video projector-silent dish-faults
FAULTS ?= 1000
STARTS ?= 50
COMPARES ?= 100
RIVALS ?= 25

.PHONY: help run test weeks nightly test-fast scenarios faults starts compare playback cuts mutants bench lint fuzz cross clean setup-run setup-test setup-compare setup-cross build

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: setup-run build ## start a simulated village with the real programs and print the address of its bench page
	@exec bin/simstation

test: setup-test test-fast scenarios ## install what is missing and run every test (fast ones with the race detector, then whole lessons in real time)

test-fast: setup-test
	$(GO) test -race -p 4 -timeout 15m $$($(GO) list $(RACE) | grep -v $(ALONE))
	$(GO) test -timeout 10m ./firmware/power $$($(GO) list $(RACE) | grep $(ALONE))

scenarios: setup-test build ## play the scenarios of a village with the real programs, in real time
	@deploy/scenarios.sh -beside dish-align $(SCENARIOS)

faults: build ## do FAULTS (default 1000) faults to the real guard, judged at contacts and mains
	bin/simstation -faults $(FAULTS) -seed 1 -report .cache/faults.json

starts: setup-test build ## judge STARTS (default 50) starts of lessons from the pixels, every second one under load (16 s each)
	bin/simstation -starts $(STARTS) -report .cache/starts.json

compare: setup-test setup-compare build ## our player beside mpv, cvlc and gst-play-1.0: COMPARES (default 100) starts and gaps, RIVALS (default 25) of each of the others, LOAD=-load under load (about 20 minutes)
	bin/simstation -compare $(COMPARES) -rivals $(RIVALS) $(LOAD) -report .cache/compare.json

playback: setup-test ## kill and stop the player 200 times, cut a live stream 60 times, play 2,000 items, listen in 5 rooms (about 90 minutes)
	$(GO) test -count=1 -timeout 60m -v -run 'IsBackAfter|IsCured|ManyItems|ChangesOfItems|BadFiles' ./media/player -args -campaign
	$(GO) test -count=1 -timeout 30m -v -run TestManyCuts ./media/live -args -cuts 60
	$(GO) test -count=1 -timeout 30m -v -run TestRoom ./media/witness -args -rooms 5

weeks: setup-test ## let villages live simulated days and weeks, as many as fit into five minutes
	@set -o pipefail; $(LIVES) -days 999 -weeks 999 -for 150s | grep -v '^ *\(===\|--- PASS\)'

nightly: setup-test ## let 200 villages live a simulated week (about an hour)
	@set -o pipefail; $(LIVES) -days 0 -weeks 200 | grep -v '^ *\(===\|--- PASS\)'

cuts: ## cut the power of the journal CUTS (default 10000) times at the block level, on ext4 and on a partition (needs root, two minutes)
	$(GO) test -count=1 -timeout 30m -v -run TestCuts ./firmware/journal/powercut -args -cuts $(or $(CUTS),10000) -seed $$(date +%Y%m%d)

mutants: setup-test ## seed faults into the guard's core one by one and see who notices (about 15 minutes)
	$(GO) test -p 1 -count=1 -timeout 60m -v -run TestMutants ./firmware/power/explore -args -mutants

bench: setup-test build ## measure, beside a reference in the same run
	$(GO) test -run '^$$' -bench . -benchmem $(RACE)

lint: ## gofmt, vet, staticcheck, and who may import whom
	@test -z "$$(gofmt -l cmd firmware hal media deploy)" || { echo "gofmt these:"; gofmt -l cmd firmware hal media deploy; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) -checks=all,-ST1000 ./...
	$(GO) test -count=1 -run Layout ./firmware

fuzz: ## let every fuzz target run for FUZZTIME (default 20s)
	@deploy/fuzz.sh $(or $(FUZZTIME),20s)

cross: setup-cross ## stripped arm64 and armv7 programs in bin/, tried under qemu-user
	@deploy/cross.sh "$(VERSION)" "$(BUILT)"

clean: ## remove what was built and made
	rm -rf bin .cache

setup-run:
	@deploy/setup.sh run
setup-test:
	@deploy/setup.sh run test
setup-compare:
	@deploy/setup.sh compare

setup-cross:
	@deploy/setup.sh cross

build:
	@mkdir -p bin .cache
	CGO_ENABLED=0 $(BUILD) -ldflags '$(LDFLAGS)' -o bin/guard ./cmd/guard
	$(BUILD) -ldflags '$(LDFLAGS)' -o bin/station ./cmd/station
	CGO_ENABLED=0 $(BUILD) -ldflags '$(LDFLAGS)' -o bin/simstation ./cmd/simstation
