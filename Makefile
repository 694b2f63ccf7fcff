# The front of the build. Missing Debian packages are installed by the targets themselves.
BUILD ?= build
ASAN  ?= build-asan
PACKAGES = build-essential meson ninja-build pkg-config libhyperscan-dev libhyperscan5 \
  libpcre2-dev libssl-dev libgit2-dev libarchive-dev libexpat1-dev zlib1g-dev libzstd-dev libdeflate-dev libengine-pkcs11-openssl libbrotli-dev libyaml-dev libcmocka-dev git \
  libpango1.0-dev fonts-dejavu-core nginx nginx-dev libmicrohttpd-dev libjansson-dev libsqlite3-dev libcurl4-openssl-dev libargon2-dev
NODE = $(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)

.PHONY: product all grammars deps events web run check asan fuzz fuzz-build soak soak-scan soak-report engagement pages faults bench first-install clean install
product: deps grammars
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	ninja -C $(BUILD) product
	@ln -sf src/cli/custos $(BUILD)/custos
	@ln -sf src/verify/custos-verify $(BUILD)/custos-verify

# And the programs of tests and benches.
all: product
	ninja -C $(BUILD)

# The console. Its built files are generated, never edited.
# What is made from catalog/events.yaml and lives in the tree; a unit test holds it against the file.
events: product
	build/custos events catalog --table >build/events.md
	build/custos events catalog --format json >web/src/event-labels.json
	sed -i -e '/^| type | by |/,/^$$/{/^$$/!d}' docs/formats/leaf.md
	awk 'FNR==NR {table = table $$0 "\n"; next} {print} /from which the table below is made/ {getline; printf "\n%s", table}' build/events.md docs/formats/leaf.md >build/leaf.md
	mv build/leaf.md docs/formats/leaf.md

web: product
	@packaging/debian-packages $(NODE)
	@cd web && { test -f node_modules/.package-lock.json && test ! package-lock.json -nt node_modules/.package-lock.json \
	  || npm ci --no-audit --no-fund --silent; } && node build.mjs

run: web
	$(BUILD)/custos serve

# The C sources of tree-sitter and its grammars: npm tarballs, pinned by the lock file. No script of
# theirs runs.
grammars:
	@packaging/debian-packages $(NODE)
	@cd grammars && { test -f node_modules/.package-lock.json && test ! package-lock.json -nt node_modules/.package-lock.json \
	  || npm ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund --silent; }

deps:
	@packaging/debian-packages $(PACKAGES)

check: web all
	@packaging/debian-packages $(NODE) golang-go golang-golang-x-mod-dev chromium softhsm2 strace jq zstd python3 poppler-utils
	@cd tests && { test -f node_modules/.package-lock.json && test ! package-lock.json -nt node_modules/.package-lock.json \
	  || npm ci --no-audit --no-fund --silent; }
	tests/run $(BUILD) $(ASAN)

# Sanitized programs are slow for what is checked, not for what is optimised: -O1 and the lines alone compile in half the time.
SANITIZED = -Db_sanitize=address,undefined -Doptimization=1 -Dc_args=-g1
$(ASAN)/build.ninja:
	meson setup $(ASAN) $(SANITIZED)

asan: deps grammars $(ASAN)/build.ninja
	ninja -C $(ASAN)
	meson test -C $(ASAN) --suite unit --print-errorlogs

# FUZZ_SECONDS for each target, FUZZ_JOBS of them at a time; what was found before is kept in FUZZ/corpus.
FUZZ ?= build-fuzz
FUZZ_SECONDS ?= 60
FUZZ_JOBS ?= 1
FUZZ_TARGETS ?= $(patsubst fuzz/fuzz_%.c,%,$(wildcard fuzz/fuzz_*.c))
fuzz-build: deps grammars
	@packaging/debian-packages clang libclang-rt-14-dev
	@test -f $(FUZZ)/build.ninja || CC=clang meson setup $(FUZZ) -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C $(FUZZ) $(FUZZ_TARGETS:%=fuzz/fuzz-%)

fuzz: fuzz-build
	@mkdir -p $(FUZZ)/fuzz/cache $(FUZZ_TARGETS:%=$(FUZZ)/corpus/%)
	@printf '%s\n' $(FUZZ_TARGETS) | xargs -P $(FUZZ_JOBS) -I{} sh -c '$(FUZZ)/fuzz/fuzz-$$1 -max_total_time=$(FUZZ_SECONDS) \
	  -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=$(FUZZ)/ $(FUZZ)/corpus/$$1 fuzz/seeds/$$1 || exit 255' - {}

# Scans of the sizes that make check leaves out: 10 million findings, lines of 1 GB, 20 GB archives, a
# large history; the peak memory of each. About 5 minutes, 1 GB of disk.
soak-scan: all
	@packaging/debian-packages $(NODE) time xz-utils
	$(or $(wildcard tests/node_modules/.bin/node),node) --test tests/soak/scan.test.mjs

# Ten million rows frozen, exported and verified, a report of 200 pages printed, a state folder restored, with time and
# memory of each. A quarter of an hour, 6 GB of disk.
soak-report: all
	@packaging/debian-packages $(NODE) time poppler-utils
	$(or $(wildcard tests/node_modules/.bin/node),node) --test tests/soak/report.test.mjs

# An engagement of twelve months on a clock of its own, each day of it; make check runs a shorter one.
engagement: all
	@packaging/debian-packages $(NODE)
	CUSTOS_ENGAGEMENT=whole CUSTOS_BUILD=$(CURDIR)/$(BUILD) $(or $(wildcard tests/node_modules/.bin/node),node) --test tests/e2e/engagement.test.mjs

# Every page of the console, each register's own too, empty and full, and every figure to its proof; make check looks at some.
pages: web all
	@packaging/debian-packages $(NODE)
	CUSTOS_WHOLE=1 CUSTOS_BUILD=$(CURDIR)/$(BUILD) $(or $(wildcard tests/node_modules/.bin/node),node) --test tests/web/all-pages.test.mjs tests/web/all-figures.test.mjs

# The gateway under mixed traffic of all shapes, with reloads and new bundles: SOAK_SECONDS, half an hour unless
# said. Fails when memory or descriptors of a process grow.
SOAK_SECONDS ?= 1800
soak: all
	@packaging/debian-packages $(NODE)
	SOAK_SECONDS=$(SOAK_SECONDS) $(or $(wildcard tests/node_modules/.bin/node),node) --test --test-reporter=tap tests/soak/gateway.test.mjs

# The whole fault matrix; make check runs a slice. An hour or so (78 minutes beside other work); some rows need root.
faults: all
	@packaging/debian-packages golang-go golang-golang-x-mod-dev strace $(NODE)
	CUSTOS_FAULTS=whole CUSTOS_BUILD=$(CURDIR)/$(BUILD) $(or $(wildcard tests/node_modules/.bin/node),node) --test --test-concurrency=1 tests/faults/matrix.test.mjs tests/faults/strace.test.mjs

bench: all
	@packaging/debian-packages ripgrep wrk linux-source-6.1 xz-utils zstd time golang-go golang-golang-x-mod-dev $(NODE)
	@cd bench && { test -f node_modules/.package-lock.json && test ! package-lock.json -nt node_modules/.package-lock.json \
	  || npm ci --no-audit --no-fund --silent --ignore-scripts; }
	node bench/run.mjs

# From an empty folder to the first sealed entry, complete run of probes and gap report, timed.
first-install: all
	packaging/first-install $(CURDIR)/$(BUILD)

clean:
	rm -rf $(BUILD) $(ASAN) $(FUZZ)

install: product
	meson install --no-rebuild -C $(BUILD)
