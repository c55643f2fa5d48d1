# Pitwall. One Makefile for everything; `make` alone prints the targets.
#
#   MODE=release   -O3, LTO, hardened: what runs            (build/pitwall is this one)
#   MODE=debug     unoptimised, what the unit tests use
#   MODE=sim       optimised, not hardened, no LTO: the seeded simulator (tests/sim)
#   MODE=asan      address and undefined-behaviour sanitizers, any finding is fatal
#   MODE=fuzz      the fuzz targets of tests/fuzz, by clang and libFuzzer
#   MODE=tsan      thread sanitizer: tests/tsan and the program (Criterion does not start under it)
#   MODE=cov       coverage counters
#   BUILD=DIR      where everything goes; objects in DIR/MODE, so modes live side by side
#   CC=clang-14    gcc 12 and clang 14 both build without a warning
#   BREAK=name     a deliberately broken program, to prove that a test or bench notices;
#                  objects of their own, and the version says so
#
# Sources are found by wildcard: a new file needs no line here. A changed flag recompiles.

MODE  ?= release
BUILD ?= build
JOBS  ?= $(shell nproc)
BREAK ?=

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(filter $(MODE),release debug sim asan fuzz tsan cov),)
$(error MODE is release, debug, sim, asan, fuzz, tsan or cov, not '$(MODE)')
endif
ifneq ($(filter-out gateway_ignores_kill strategy_hangs,$(BREAK)),)
$(error BREAK is gateway_ignores_kill or strategy_hangs, not '$(BREAK)')
endif

OBJ := $(BUILD)/$(MODE)$(BREAK:%=-break-%)
IS_CLANG := $(findstring clang,$(notdir $(CC)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# ------------------------------------------------------------------------------- sources

engine_src := $(wildcard engine/*.c engine/*/*.c)
server_src := $(wildcard server/*.c server/*/*.c server/*/*/*.c)
unit_src := $(wildcard tests/unit/*.c tests/unit/*/*.c tests/unit/*/*/*.c tests/unit/*/*/*/*.c)
scenario_src := $(wildcard tests/scenario/*.c)
sim_src := $(wildcard tests/sim/*.c)
tsan_src := $(wildcard tests/tsan/*.c)
bench_src := $(wildcard tests/bench/*.c)
fuzz_src := $(wildcard tests/fuzz/*.c tests/fuzz/*/*.c)
fault_src := tests/fault/driver.c tests/gateway/driver.c tests/attack/trouble.c tests/sanitize/clocklock.c
c_src := $(fault_src) $(engine_src) $(server_src) $(unit_src) $(scenario_src) $(sim_src) $(tsan_src) $(bench_src) $(fuzz_src)
c_files = $(shell find engine server tests -name node_modules -prune -o \
                  \( -name '*.c' -o -name '*.h' \) -print 2>/dev/null | sort)
shell_files = $(shell grep -rlIE '^\#!.*\b(ba)?sh\b' .ci mk tests web deploy \
                      --exclude-dir=node_modules 2>/dev/null | sort)

object = $(patsubst %.c,$(OBJ)/%.o,$(1))
engine_obj := $(call object,$(engine_src))
server_obj := $(call object,$(filter-out server/main.c,$(server_src)))
unit_obj := $(call object,$(unit_src))
scenario_obj := $(call object,$(scenario_src))
bench_obj := $(call object,$(bench_src))
# The simulator restarts engines as the server does.
sim_obj := $(call object,$(sim_src) server/restore.c)
# A fuzz target is TARGET.c and what lies in TARGET/; libFuzzer brings a main of its own.
fuzz_targets := engine decimal order_id binance bybit wire private router body head stream
fuzz_parts = $(call object,tests/fuzz/$(1).c $(wildcard tests/fuzz/$(1)/*.c) tests/fuzz/panic.c)
fuzz_replays := $(fuzz_targets:%=$(OBJ)/fuzz/replay-%)
fuzz_finders := $(fuzz_targets:%=$(OBJ)/fuzz/find-%)
tsan_bin := $(patsubst tests/tsan/%.c,$(OBJ)/tests/tsan/%,$(tsan_src))

pitwall := $(if $(filter release,$(OBJ:$(BUILD)/%=%)),$(BUILD)/pitwall,$(OBJ)/pitwall)

# --------------------------------------------------------------------------------- flags

# x86-64-v2 (SSE4.2, POPCNT; every server since 2009) keeps one binary portable.
ARCH := -march=x86-64-v2
WARN := -Wall -Wextra -Wconversion -Wshadow -Werror -Wstrict-prototypes -Wmissing-prototypes
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection
# Nothing of the build machine in the objects: the same sources give the same bytes, wherever the
# tree lies (the compile rule adds a fixed seed for the names that LTO makes up).
SAME := -ffile-prefix-map=$(CURDIR)=. -Wdate-time
LINK_HARDEN := -pie -Wl,-z,relro,-z,now -Wl,--as-needed

# Fat objects keep machine code beside the LTO form: check-pure reads it. Debian's clang has no
# linker plugin by default, so it builds release without LTO.
lto := $(if $(IS_CLANG),,-flto=auto -ffat-lto-objects)
tune_release := -O3 $(lto) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
tune_sim := -O2
tune_debug := -O0 -fno-omit-frame-pointer
# With instrumentation gcc sees uninitialised uses that are none; the plain builds watch for real ones.
tune_asan := -O1 -Wno-maybe-uninitialized -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
tune_fuzz := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
tune_tsan := -O1 -Wno-maybe-uninitialized -fno-omit-frame-pointer -fsanitize=thread
tune_cov := -O0 --coverage

upper = $(shell echo '$(1)' | tr a-z A-Z)
break_flag := $(if $(BREAK),-DPITWALL_BREAK_$(call upper,$(BREAK)))

CFLAGS_ALL := -std=c11 -D_GNU_SOURCE -g $(ARCH) $(WARN) $(HARDEN) $(SAME) $(tune_$(MODE)) \
              $(break_flag) $(CFLAGS)
LDFLAGS_ALL := $(tune_$(MODE)) $(ARCH) -g $(SAME) $(LINK_HARDEN) $(LDFLAGS)

# Asked in the recipe, not here: `make run` on a bare machine installs pkg-config first. Debian
# keeps all these headers in /usr/include, so no --cflags are needed.
PKGS := libmicrohttpd libwebsockets jansson sqlite3 libsodium yaml-0.1 zlib libssl libcrypto
libs = $$(pkg-config --libs $(PKGS)) -lwslay -lpthread

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)$(BREAK:%=-broken-%)

inc_engine := -Iengine
inc_server := -Iengine -Iserver
inc_tests := -Iengine -Iserver -Itests

# --------------------------------------------------------------------------------- rules

.PHONY: FORCE
FORCE:

# Rewritten only when their text changes, so that depending on them costs nothing.
define write_if_changed
@mkdir -p $(@D)
@printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' > $@
endef

$(OBJ)/flags: FORCE
	$(call write_if_changed,$(CC) $(CFLAGS_ALL))
$(OBJ)/link-flags: FORCE
	$(call write_if_changed,$(CC) $(LDFLAGS_ALL) $(PKGS))
$(OBJ)/version: FORCE
	$(call write_if_changed,$(VERSION))
# An archive or a program must also be made anew when a source file goes away.
$(OBJ)/members: FORCE
	$(call write_if_changed,$(engine_src) $(server_src) $(unit_src) $(scenario_src) $(sim_src) $(bench_src))

quiet = $(if $(V),,@echo "  $(1) $@";)
define compile
@mkdir -p $(@D)
$(call quiet,CC  )$(CC) $(CFLAGS_ALL) $(1) $(if $(IS_CLANG),,-frandom-seed=$<) -MMD -MP -c -o $@ $<
endef

$(OBJ)/engine/%.o: engine/%.c $(OBJ)/flags
	$(call compile,$(inc_engine))
$(OBJ)/server/%.o: server/%.c $(OBJ)/flags
	$(call compile,$(inc_server))
$(OBJ)/tests/%.o: tests/%.c $(OBJ)/flags
	$(call compile,$(inc_tests))
# Criterion's assertions keep their result in a bit field: converting is theirs, not ours. Fixtures
# put a message with a flexible end in front of its levels, which clang notes.
$(OBJ)/tests/unit/%.o: tests/unit/%.c $(OBJ)/flags
	$(call compile,$(inc_tests) -Wno-conversion -Wno-gnu-variable-sized-type-not-at-end)

# The assembler puts the migrations into this object; the compiler does not see them.
$(OBJ)/server/store/migrations.o: $(wildcard migrations/*.sql)

# The version string reaches one object only; a commit recompiles that one.
$(OBJ)/server/version.o: server/version.c $(OBJ)/flags $(OBJ)/version
	$(call compile,$(inc_server) -DPITWALL_VERSION='"$(VERSION)"')

define archive
@rm -f $@
$(call quiet,AR  )$(if $(IS_CLANG),ar,gcc-ar) rcsD $@ $(1)
endef

$(OBJ)/libengine.a: $(engine_obj) $(OBJ)/members
	$(call archive,$(engine_obj))
$(OBJ)/libserver.a: $(server_obj) $(OBJ)/members
	$(call archive,$(server_obj))

archives := $(OBJ)/libserver.a $(OBJ)/libengine.a
# The engine needs panic() from the server, the server needs the engine: one group.
define link
@mkdir -p $(@D)
$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) -o $@ $(1) -Wl,--start-group $(archives) -Wl,--end-group $(libs)
endef

pitwall_obj := $(OBJ)/server/main.o $(if $(filter tsan,$(MODE)),$(OBJ)/tests/sanitize/clocklock.o)
$(OBJ)/pitwall: $(pitwall_obj) $(archives) $(OBJ)/link-flags
	$(call link,$(pitwall_obj))
# A hard link: the program looks for web/ next to its own name.
$(BUILD)/pitwall: $(BUILD)/release/pitwall
	@ln -f $< $@
$(OBJ)/unit: $(unit_obj) $(archives) $(OBJ)/link-flags
	$(call link,$(unit_obj) -lcriterion)
$(OBJ)/scenario_runner: $(scenario_obj) $(archives) $(OBJ)/link-flags
	$(call link,$(scenario_obj))
$(OBJ)/benches: $(bench_obj) $(archives) $(OBJ)/link-flags
	$(call link,$(bench_obj))
# The simulator hears each record as it is appended, between the engine and the lane.
$(OBJ)/sim: $(sim_obj) $(OBJ)/libengine.a $(OBJ)/link-flags
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) -Wl,--wrap=lane_append -o $@ $(sim_obj) $(OBJ)/libengine.a
# The layer is loaded in front of libc: a library, and without its checks of names.
$(OBJ)/tests/fault/layer.so: tests/fault/layer.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call quiet,CC  )$(CC) -std=c11 -D_GNU_SOURCE -g -O1 -fPIC -shared -Wall -Wextra -o $@ $<
$(OBJ)/tests/fault/driver $(OBJ)/tests/gateway/driver: %: %.o $(archives) $(OBJ)/link-flags
	$(call link,$<)
$(OBJ)/tests/attack/trouble: %: %.o $(OBJ)/link-flags
	$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) -o $@ $< -lsqlite3
$(tsan_bin): $(OBJ)/tests/tsan/%: $(OBJ)/tests/tsan/%.o $(archives) $(OBJ)/link-flags
	$(call link,$<)
# The decoders are the server's, and need nothing else of it; panic is the targets' own.
fuzz_decoders := $(wildcard server/gateway/binance/*.c) \
                 server/gateway/bybit/decode.c server/gateway/bybit/tolerant.c server/gateway/scan.c server/gateway/usual.c
# Two targets need more of it: the venue server's reading of bytes, and a whole gateway to Bybit.
fuzz_more_wire := server/venue/wire.c
fuzz_more_private := $(filter-out $(fuzz_decoders),$(wildcard server/gateway/bybit/*.c) \
                     server/gateway/gateway.c server/gateway/dropcopy.c server/gateway/tape.c server/gateway/told.c \
                     server/config/credential.c server/thread/log.c server/thread/log_json.c server/thread/thread.c)
$(foreach t,wire private,$(eval $(OBJ)/fuzz/replay-$(t) $(OBJ)/fuzz/find-$(t): $(call object,$(fuzz_more_$(t)))))
$(foreach t,$(fuzz_targets),$(eval $(OBJ)/fuzz/replay-$(t) $(OBJ)/fuzz/find-$(t): $(call fuzz_parts,$(t))))
# And four take all of the server, whose reading of hostile bytes they are about. Where a handler goes
# on from what it has read, the target stands in.
fuzz_whole := router body head stream
$(foreach t,$(fuzz_whole),$(eval $(OBJ)/fuzz/replay-$(t) $(OBJ)/fuzz/find-$(t): $(OBJ)/libserver.a))
fuzz_stands_in := control_kill control_may_give control_note access_login access_change_password \
                  access_user_prepare access_user_get access_totp_confirm access_token_create \
                  alerts_note alerts_acknowledge
$(OBJ)/fuzz/replay-body $(OBJ)/fuzz/find-body: private STANDS_IN := $(fuzz_stands_in:%=-Wl,--wrap=%)
$(fuzz_replays): $(OBJ)/tests/fuzz/replay.o
$(fuzz_finders): private FINDER := -fsanitize=fuzzer
$(fuzz_replays) $(fuzz_finders): $(call object,$(fuzz_decoders)) \
        $(OBJ)/libengine.a $(OBJ)/link-flags
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(LDFLAGS_ALL) $(FINDER) $(STANDS_IN) -o $@ $(filter %.o,$^) \
	    -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(libs)

-include $(patsubst %.c,$(OBJ)/%.d,$(c_src))

# ------------------------------------------------------------------------------ packages

.PHONY: help deps deps-test deps-lint deps-prove deps-fuzz deps-systemd deps-scan deps-image deps-operate
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

deps: ## Install what building and running need, if missing (apt-get, as root or by sudo)
	@mk/deps run
deps-test: ## Install what the tests need beyond that
	@mk/deps run test
deps-lint: ## Install what lint needs beyond that
	@mk/deps run test lint
deps-prove: ## Install what prove and model need beyond that
	@mk/deps run prove
deps-fuzz: ## Install what fuzzing needs beyond what running does
	@mk/deps run fuzz
deps-systemd: ## Install what booting a container needs beyond what the tests need
	@mk/deps run test systemd
deps-scan: ## Install the scanners of others beyond what the tests need
	@mk/deps run test scan
deps-image: ## Install what builds and runs the container image, and what scrapes it in the test
	@mk/deps run image
deps-operate: ## Install Prometheus, its node exporter and Alertmanager beyond what the tests need; their services stay off
	@mk/deps run test operate

# --------------------------------------------------------------------------- build, run

.PHONY: build web run venue live spec clean fault-bin gateway-bin attack-bin unit-bin scenario-bin sim-bin tsan-bin bench-bin fuzz-bin fuzz-finders
build: $(pitwall) ## Build build/pitwall (MODE=debug|asan|tsan|cov: build/MODE/pitwall)

web: ## Collect the dashboard's files into build/web
	@web/build.sh $(BUILD)/web

again = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
expanded = $(foreach f,$(1),$(or $(wildcard $(f)),$(f)))
demo_dir := var/demo

run: deps ## Start the demo: DATA=RECORDINGS SPEED=real|xN|max AT_END=hold|loop|exit FRESH=1 ARGS=..
	@$(again) MODE=release BREAK= build web
	@$(if $(FRESH),mk/fresh $(demo_dir))
	@exec mk/foreground $(BUILD)/pitwall run --demo --config deploy/config/dev.yaml \
	    --data $(demo_dir) $(foreach f,$(call expanded,$(DATA)),--recording $(f)) \
	    $(SPEED:%=--speed %) $(AT_END:%=--at-end %) $(ARGS)

venue: deps ## Start the venue simulator (Bybit v5) on 127.0.0.1:9700, in var/venue: ARGS='--faults F ..'
	@$(again) MODE=release BREAK= build
	@exec mk/foreground mk/venue $(BUILD)/pitwall var/venue $(ARGS)
live: deps ## Trade live on that venue, in var/live: HALTED and strategies off until two people arm it (docs/bybit.md)
	@$(again) MODE=release BREAK= build web
	@exec mk/foreground $(BUILD)/pitwall run --demo --config deploy/config/local.yaml \
	    --data var/live $(ARGS)

spec_pages := limits denials events errors commands states routes verbs config memory triggers faults strategies venue codes alerts metrics
spec: build ## Print the reference pages, made from the tables, into build/spec
	@mkdir -p $(BUILD)/spec
	@for page in $(spec_pages); do $(pitwall) spec $$page > $(BUILD)/spec/$$page.md || exit 1; done
	@$(pitwall) spec man > $(BUILD)/spec/pitwall.1
	@for shell in bash zsh fish; do $(pitwall) spec completions $$shell > $(BUILD)/spec/pitwall.$$shell || exit 1; done
	@ls $(BUILD)/spec/*

.PHONY: image image-test
image: deps-image ## Build the container image without a registry (as root) into build/image, print its size
	@$(again) MODE=release BREAK= build web
	@mk/image $(BUILD)
image-test: deps-image ## Build it, run it read-only without capabilities, kill, stop; have Prometheus and Alertmanager watch it
	@$(test_env) mk/test image

clean: ## Remove build/ (var/ and installed packages stay)
	@rm -rf $(BUILD)

# --------------------------------------------------------------------------------- tests

unit-bin: $(OBJ)/unit
scenario-bin: $(OBJ)/scenario_runner
sim-bin: $(OBJ)/sim
tsan-bin: $(tsan_bin)
bench-bin: $(OBJ)/benches
fault-bin: $(OBJ)/tests/fault/layer.so $(OBJ)/tests/fault/driver
gateway-bin: $(OBJ)/tests/gateway/driver
attack-bin: $(OBJ)/tests/attack/trouble
fuzz-bin: $(fuzz_replays)
fuzz-finders: $(fuzz_finders)

# Never a browser download: the tests drive Debian's Chromium.
tests/node_modules/.package-lock.json: tests/package-lock.json
	@cd tests && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error
	@touch $@
# The exchange clients of others, apart from our own tools: they run no script of theirs at installing.
tests/clients/node_modules/.package-lock.json: tests/clients/package-lock.json
	@cd tests/clients && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
# Heavy, and only make lighthouse wants it.
tests/lighthouse/node_modules/.package-lock.json: tests/lighthouse/package-lock.json
	@cd tests/lighthouse && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
# A parser of Terraform's language; Grafana's types and the grammars of its queries. Small, for the suite operate.
tests/terraform/node_modules/.package-lock.json tests/grafana/node_modules/.package-lock.json: \
    %/node_modules/.package-lock.json: %/package-lock.json
	@cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
# Types of Kubernetes and its operators, a linter of Dockerfiles, the schema of CycloneDX.
tests/deploy/node_modules/.package-lock.json: tests/deploy/package-lock.json
	@cd tests/deploy && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
api-spec/node_modules/.package-lock.json: api-spec/package-lock.json
	@cd api-spec && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: test test-long sanitize-load soak attack systemd scan terraform-check dashboards pictures web-speed lighthouse scenario sim model fuzz mutants prove bench instructions \
    instructions-accept
test_env = MAKE='$(MAKE)' BUILD='$(BUILD)' JOBS='$(JOBS)' DATA_DIR='$(DATA_DIR)' CC='$(CC)'
SUITES ?= style unit fuzz_corpus scenario sim fault crash api venue clients gateway story web operate replay

test: deps-test deps-prove deps-operate ## Run the tests of every change, some 30 minutes: DATA_DIR=RECORDINGS SUITES='unit api ..'
	@$(test_env) mk/test $(SUITES)
test-long: deps-test deps-prove ## Run the rest: ASan and UBSan, TSan, more seeds, 1,000 crashes, a gateway that ignores kills, a soak of 10 minutes, 1,000 clients, models, instruction counts (mutants: make mutants)
	@$(test_env) mk/test asan tsan sim_long crash_long kill_long soak crowd model instructions
LOAD_SECONDS ?= 60
MINUTES ?= 10
sanitize-load: deps-test ## Put the whole program under everything at once, with ASan and UBSan, then with TSan: LOAD_SECONDS=60 each
	@LOAD_SECONDS=$(LOAD_SECONDS) $(test_env) mk/test asan_load tsan_load
soak: deps-test ## Trade on the venue with faults drawn by chance: MINUTES=10 SEED=n
	@SOAK_MINUTES=$(MINUTES) SOAK_SEED=$(SEED) $(test_env) mk/test soak
attack: deps-test ## Kill by each way while the server is under attack or in trouble (quiet machine, as root)
	@$(test_env) mk/test attack
systemd: deps-systemd ## Boot systemd in a container and drive the service: start, credential, SIGKILL, watchdog, stop (as root)
	@$(test_env) mk/test systemd
scan: deps-scan ## Have slowhttptest, testssl.sh and wapiti look at the server from outside (quiet machine)
	@$(test_env) mk/test scan
terraform-check: ## Let Terraform itself judge terraform/ (fmt, validate, test) with a made-up provider: PLUGIN_DIR=FOLDER
	@BUILD='$(BUILD)' mk/terraform-check $(PLUGIN_DIR)
dashboards: ## Make deploy/grafana/dashboards anew from deploy/grafana/boards
	@node deploy/grafana/make.mjs
pictures: deps-test ## Make the README's two pictures anew, from the running demo (quiet machine)
	@$(again) MODE=release BREAK= build web tests/node_modules/.package-lock.json
	@PITWALL_BIN=$(BUILD)/pitwall node tests/web/pictures.mjs docs/images
web-speed: deps-test ## Measure the dashboard in Chromium: long tasks, CPU, first view, heap (quiet machine): HEAP_MINUTES=10
	@HEAP_MINUTES='$(or $(HEAP_MINUTES),10)' $(test_env) mk/test web_speed
lighthouse: deps-test ## Have Lighthouse judge the dashboard: the log-in and each view, 95 or more in each category (quiet machine)
	@$(test_env) mk/test lighthouse
scenario: ## Run the trading stories of tests/scenario
	@$(test_env) mk/test scenario
sim: ## Run the seeded simulator: SEED=n N=steps (without SEED some hundred seeds)
	@$(again) MODE=sim BREAK= sim-bin
	@$(BUILD)/sim/sim $(if $(SEED),--seeds $(SEED) 1,--file tests/sim/seeds.txt --seeds 1 300) $(N:%=--steps %)
model: deps-prove ## Search the Spin models of kill, ring and approval, then break them: each break must be noticed
	@tests/models/run $(BUILD)
TARGET ?= engine
SECONDS ?= 60
fuzz: deps-fuzz ## Look for bytes that break a promise: TARGET=engine|decimal|order_id|binance|bybit|wire|private|router|body|head|stream SECONDS=60
	@$(again) MODE=fuzz CC=clang-14 BREAK= $(BUILD)/fuzz/fuzz/find-$(TARGET)
	@tests/fuzz/find $(BUILD)/fuzz/fuzz/find-$(TARGET) $(TARGET) $(SECONDS)
mutants: deps-test ## Break one rule of the engine after another: the simulator or a test must notice (8 minutes of CPU)
	@$(test_env) mk/test mutants
prove: deps-prove ## Prove the gate (Frama-C WP, CVC4), and show that a broken one is not proved
	@$(test_env) mk/test prove

bench: deps-test ## Measure (quiet machine), print a table, write build/bench.json: BENCH=name DATA_DIR=..
	@$(again) MODE=release BREAK= build web bench-bin
	@PITWALL_BIN=$(abspath $(BUILD))/pitwall BUILD=$(abspath $(BUILD)) DATA_DIR='$(DATA_DIR)' \
	    BENCH='$(BENCH)' MAKE='$(MAKE)' node tests/bench/run.mjs

count_instructions = BENCHES=$(abspath $(BUILD))/release/benches CC='$(CC)' node tests/bench/instructions.mjs
instructions: deps-test ## Count the instructions of the hot paths; fails when one has grown by more than 1 %
	@$(again) MODE=release BREAK= bench-bin
	@$(count_instructions)
instructions-accept: deps-test ## Store what they are now in tests/bench/instructions.json
	@$(again) MODE=release BREAK= bench-bin
	@$(count_instructions) --accept

# --------------------------------------------------------------------------------- style

.PHONY: lint fmt check-layers check-pure check-citations
lint: deps-lint ## Check format, clang-tidy, cppcheck, shellcheck, yamllint, scripts, check-layers, check-pure, check-citations
	@C_FILES='$(c_files)' SHELL_FILES='$(shell_files)' JOBS='$(JOBS)' MAKE='$(MAKE)' BUILD='$(BUILD)' mk/lint
fmt: deps-lint ## Format the C files in place
	@clang-format-14 -i $(c_files)
check-layers: ## Check that includes point one way
	@tests/style/check-layers .
check-pure: ## Check that the engine asks nothing of the system, keeps no state of its own, has no float
	@$(again) MODE=release BREAK= $(BUILD)/release/libengine.a
	@tests/style/check-pure $(BUILD)/release/libengine.a
check-citations: ## Check that what docs/controls.md cites is there
	@tests/style/check-citations . docs/controls.md
