# The front of the build. Missing Debian packages are installed by the targets themselves.
BUILD ?= build
ASAN  ?= build-asan
PACKAGES = build-essential meson ninja-build pkg-config nginx-dev nginx libhyperscan-dev \
  libhyperscan5 libmicrohttpd-dev libjansson-dev libsqlite3-dev libssl-dev \
  libcurl4-openssl-dev libgit2-dev libyaml-dev libpcre2-dev libcmocka-dev
# The console needs node and npm; Debian's npm conflicts with other packagings of node.
NODE_PACKAGES = $(if $(shell command -v npm),,nodejs npm)

.PHONY: all deps check asan bench clean install web
all: deps
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	ninja -C $(BUILD)
	@ln -sf src/cli/custos $(BUILD)/custos

deps:
	@packaging/debian-packages $(PACKAGES) $(NODE_PACKAGES)

web: deps
	npm ci --prefix web --no-audit --no-fund
	npm run build --prefix web

check: all
	tests/run $(BUILD) $(ASAN)

asan: deps
	@test -f $(ASAN)/build.ninja || meson setup $(ASAN) -Db_sanitize=address,undefined
	ninja -C $(ASAN)
	meson test -C $(ASAN) --suite unit --print-errorlogs

bench: all
	@packaging/debian-packages ripgrep
	node bench/run.mjs scan

clean:
	rm -rf $(BUILD) $(ASAN)

install: all
	meson install -C $(BUILD)
