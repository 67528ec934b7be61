# Targets carry their description after two hash signs; `make` alone prints them.

GO         ?= go
CFLAGS     ?= -O2 -g -Wall -Wextra -Wno-unused-parameter
PORT       ?= 6379
FUZZTIME   ?= 10s
TORTURE    ?= 60s
BENCHFLAGS ?=
SUITE      ?=
RUNNER     ?=
FILES      ?= all

ifeq ($(origin CC),default)
CC         := gcc
endif

# The product is built without cgo; Go modules are the one thing that needs it.
BUILD      := CGO_ENABLED=0 $(GO)
MODCFLAGS  := -std=gnu11 -shared -fPIC -Iinclude

HEADERS    := $(wildcard include/*.h)
C_MODULES  := $(patsubst modules/%.c,bin/modules/%.so,$(wildcard modules/*.c))
GO_MODULES := $(patsubst modules/%/,bin/modules/%.so,$(wildcard modules/go*/))
BENCH_MODS := $(patsubst testdata/bench/%.c,bin/bench/%.so,$(wildcard testdata/bench/*.c))

.PHONY: help
help: ## print the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## set up, build everything, serve on PORT (6379) with hellonet loaded
	@.ci/setup gcc
	@$(MAKE) --no-print-directory build modules
	bin/berth serve --port $(PORT) --loadmodule bin/modules/hellonet.so

.PHONY: build
build: ## build bin/berth (no cgo, no C compiler needed)
	$(BUILD) build -trimpath -o bin/berth ./cmd/berth

.PHONY: modules
modules: $(C_MODULES) $(GO_MODULES) ## build the example modules into bin/modules

bin/modules/%.so: modules/%.c $(HEADERS) $(wildcard modules/*.h)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(MODCFLAGS) -pthread -o $@ $<

# Modules that need more than a compiler are left out where it is missing: the header to look for, and Debian's package
# with it. hiredis is linked into its module, since redis-server has one of its own, of another version, whose functions
# would take the place of a shared library's.
NEEDS_hiredisproxy := hiredis/async.h libhiredis-dev
LIBS_hiredisproxy  := -l:libhiredis.a -Wl,--exclude-libs,ALL
NEEDS_sqlcache     := mariadb/mysql.h libmariadb-dev
LIBS_sqlcache      := -lmariadb

bin/modules/hiredisproxy.so bin/modules/sqlcache.so: bin/modules/%.so: modules/%.c $(HEADERS) $(wildcard modules/*.h)
	@mkdir -p $(@D)
	@if echo '#include <$(word 1,$(NEEDS_$*))>' | $(CC) -E - >/dev/null 2>&1; then \
		set -x; $(CC) $(CFLAGS) $(MODCFLAGS) -pthread -o $@ $< $(LIBS_$*); \
	else \
		echo "$@ is left out: it needs $(word 2,$(NEEDS_$*)) (Debian's package)"; \
	fi

# The go command knows by itself what is out of date, so it is always asked.
.PHONY: FORCE
bin/modules/go%.so: FORCE
	@mkdir -p $(@D)
	CGO_ENABLED=1 CGO_CFLAGS="-O2 -g -I$(CURDIR)/include" $(GO) build -buildmode=c-shared -o $@ ./modules/go$*
	@chmod +x $@

bin/bench/%.so: testdata/bench/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(MODCFLAGS) -o $@ $<

.PHONY: setup
setup: ## install what the tests need and the machine lacks (apt-get)
	@.ci/setup

.PHONY: test
test: setup ## set up and run all tests
	$(BUILD) test ./...

.PHONY: race
race: setup ## run all tests under the race detector
	CGO_ENABLED=1 $(GO) test -race ./...

.PHONY: vet
vet: ## go vet, for every system and processor that must compile
	$(GO) vet ./...
	GOARCH=arm64 $(BUILD) vet ./...
	GOOS=darwin $(BUILD) vet ./...
	GOOS=freebsd $(BUILD) vet ./loop ./internal/...

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (10s) each
	@grep -rEho --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . >/dev/null || { echo "no fuzz targets"; exit 1; }
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed 's/:func /:/' | while IFS=: read -r file target; do \
		echo "== $$target in $$(dirname $$file)"; \
		$(BUILD) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "./$$(dirname $$file)" || exit 1; \
	done

.PHONY: bench
bench: ## measure berth beside redis-server; BENCHFLAGS=-write updates docs/PERF.md
	@.ci/setup gcc redis redisearch
	@$(MAKE) --no-print-directory build $(BENCH_MODS)
	$(BUILD) run ./internal/cmd/bench $(BENCHFLAGS)

.PHONY: bench-calls
bench-calls: ## cost of one crossing between Go and C, in both build modes
	CGO_ENABLED=0 $(GO) test -run '^$$' -bench . ./abi
	CGO_ENABLED=1 $(GO) test -run '^$$' -bench . ./abi

.PHONY: bench-cache
bench-cache: ## cost of a row that modules/sqlcache.c has cached, beside HGETALL
	@.ci/setup gcc mariadb
	$(BUILD) test -run '^$$' -bench CacheHit -benchtime 100x ./internal/exampletest

.PHONY: torture
torture: setup ## modules with threads, loaded and unloaded under load for TORTURE (60s); 200 kills while clients write
	BERTH_TORTURE=$(TORTURE) $(BUILD) test -count=1 -timeout 20m -v ./internal/torture ./internal/crashtest

.PHONY: conformance
conformance: ## run Redis 7.2's module suite: SUITE=built tree RUNNER=its runner; rewrites docs/CONFORMANCE.md
	@test -n "$(SUITE)" && test -n "$(RUNNER)" || { echo "usage: make conformance SUITE=/path/to/redis-7.2 RUNNER=/path/to/moduleapi"; exit 2; }
	@$(MAKE) --no-print-directory build
	$(BUILD) run ./internal/cmd/conformance -suite "$(SUITE)" -runner "$(RUNNER)" -files "$(FILES)" -write docs/CONFORMANCE.md

.PHONY: generate
generate: ## rewrite the generated files
	$(GO) generate ./...

.PHONY: check
check: vet generate ## formatting, vet, house rules, generated files current
	@test -z "$$(gofmt -l .)" || { echo "gofmt wants to change:"; gofmt -l .; exit 1; }
	$(BUILD) test -count=1 ./internal/lint
	git diff --exit-code

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
