# Privet. `make help` lists the targets; the two for a newcomer are `make demo` and `make test`.

PREFIX  ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
  CC := gcc
endif
BUILD   ?= build
PY      ?= python3
Q       := $(if $(V),,@)

WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
HARDEN  := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
OPT     := -O3
LDHARD  := -pie -Wl,-z,relro,-z,now
# Where gcc clears or copies a struct with `rep stos`, that costs more than all the rest of the function.
ifeq ($(shell uname -m)$(findstring gcc,$(CC)),x86_64gcc)
  OPT += -mmemset-strategy=libcall:-1:noalign -mmemcpy-strategy=libcall:-1:noalign
endif

ifeq ($(SAN),1)
  BUILD  := build-san
  OPT    := -O1 -fno-omit-frame-pointer
  HARDEN := -fPIE
  SANF   := -fsanitize=address,undefined -fno-sanitize-recover=all
else ifeq ($(SAN),thread)
  BUILD  := build-tsan
  OPT    := -O1 -fno-omit-frame-pointer
  HARDEN := -fPIE
  SANF   := -fsanitize=thread
endif

PKGS    := libevent libevent_openssl libevent_pthreads openssl libpcre2-8 libhs libcjson hiredis yaml-0.1
# Asked for only when something is compiled, so that `make deps` works before the packages are there.
PCFLAGS  = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PLIBS    = -levent_core -levent_extra -levent_pthreads -lssl -lcrypto -lpcre2-8 -lhs -lcjson -lhiredis -lyaml -lpthread -lm

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo 0.1.0)
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -DPRIVET_VERSION='"0.1.0"' $(OPT) -g $(WARN) $(HARDEN) $(SANF) -I. -MMD -MP $(PCFLAGS) $(CFLAGS)

SRC_FILTERS := $(sort $(wildcard filters/*.c filters/*/*.c proxy/base/*.c))
SRC_PROXY   := $(sort $(filter-out proxy/main.c proxy/base/%,$(wildcard proxy/*.c proxy/*/*.c)) $(wildcard config/*.c))
OBJ_FILTERS := $(SRC_FILTERS:%.c=$(BUILD)/%.o)
OBJ_PROXY   := $(SRC_PROXY:%.c=$(BUILD)/%.o)
LIB_FILTERS := $(BUILD)/libprivet-filters.a
LIB_PROXY   := $(BUILD)/libprivet-proxy.a

UNIT_SRC := $(sort $(wildcard tests/unit/*.c tests/unit/*/*.c tests/unit/*/*/*.c))
UNIT_BIN := $(UNIT_SRC:%.c=$(BUILD)/%)

.DEFAULT_GOAL := all
.PHONY: all help deps demo test test-unit test-system lint layers format clean install bench bench-detect fuzz
all: $(BUILD)/privet

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

deps: ## install what is missing (Debian packages; needs root or sudo)
	@tests/deps.sh

$(BUILD)/privet: $(BUILD)/proxy/main.o $(LIB_PROXY) $(LIB_FILTERS)
	$(Q)echo "  LD  $@"; $(CC) $(SANF) $(LDHARD) -o $@ $< $(LIB_PROXY) $(LIB_FILTERS) $(LDFLAGS) $(PLIBS)

# A changed list of objects must rebuild the archive too, or a removed file would linger in it.
$(LIB_FILTERS): $(OBJ_FILTERS)
	@rm -f $@
	$(AR) rcs $@ $(OBJ_FILTERS)
$(LIB_PROXY): $(OBJ_PROXY)
	@rm -f $@
	$(AR) rcs $@ $(OBJ_PROXY)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(Q)echo "  CC  $<"; $(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/tests/unit/%: tests/unit/%.c $(LIB_PROXY) $(LIB_FILTERS) Makefile
	@mkdir -p $(@D)
	$(Q)echo "  LD  $@"; $(CC) $(CFLAGS_ALL) -Wno-missing-prototypes $(LDHARD) -o $@ $< $(LIB_PROXY) $(LIB_FILTERS) $(LDFLAGS) -lcmocka $(PLIBS)

# A test that lets allocations fail.
$(BUILD)/tests/unit/filters/test_memory: LDFLAGS += -Wl,--wrap=mem_alloc,--wrap=mem_zalloc,--wrap=mem_realloc,--wrap=mem_resize,--wrap=mem_free,--wrap=mem_free_used

$(BUILD)/tests/bench/%: tests/bench/%.c $(LIB_PROXY) $(LIB_FILTERS) Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LDHARD) -o $@ $< $(LIB_PROXY) $(LIB_FILTERS) $(LDFLAGS) $(PLIBS)

demo: deps ## show the way through: what the app sent, what the model saw, what came back (ONCE=1, REDIS=1)
	@$(MAKE) --no-print-directory all
	@tests/demo.sh $(BUILD)/privet "$(ONCE)" "$(REDIS)"

test: deps ## every test, unit and system (SAN=1 for ASan and UBSan, SAN=thread for TSan)
	@$(MAKE) --no-print-directory all unit-bins
	@$(PY) tests/run.py --build $(BUILD) unit system

.PHONY: unit-bins
unit-bins: $(UNIT_BIN)
test-unit: all unit-bins ## unit tests only
	@$(PY) tests/run.py --build $(BUILD) unit
test-system: all ## system tests only
	@$(PY) tests/run.py --build $(BUILD) system

lint: ## cppcheck, clang-format and banned functions
	@tests/lint.sh
layers: ## who may include whom
	@$(PY) tests/layers.py
format: ## rewrite with clang-format
	clang-format -i $$(git ls-files '*.c' '*.h')
bench: all ## side by side with nginx: CPU, latency, memory
	@$(PY) tests/bench/bench.py --build $(BUILD)
bench-detect: all $(BUILD)/tests/bench/bench_detect ## detection quality and speed, against ../shared/data where it is there
	@$(PY) tests/bench/detect.py --build $(BUILD)
fuzz: ## fuzz every target at length (SECONDS=600)
	@tests/fuzz/run.sh $(or $(SECONDS),600)

install: all ## install under $(DESTDIR)$(PREFIX)
	install -D -m 755 $(BUILD)/privet $(DESTDIR)$(PREFIX)/bin/privet
	install -d $(DESTDIR)$(PREFIX)/share/privet $(DESTDIR)/etc/privet
	cp -r config/rules $(DESTDIR)$(PREFIX)/share/privet/
	test -e $(DESTDIR)/etc/privet/privet.yaml || install -m 640 config/privet.yaml $(DESTDIR)/etc/privet/privet.yaml
	install -d $(DESTDIR)/lib/systemd/system
	sed 's|/usr/local|$(PREFIX)|g' systemd/privet.service > $(DESTDIR)/lib/systemd/system/privet.service
	chmod 644 $(DESTDIR)/lib/systemd/system/privet.service
	install -D -m 644 systemd/privet.sysusers $(DESTDIR)/usr/lib/sysusers.d/privet.conf
	install -D -m 644 systemd/privet.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/privet.conf

clean: ## remove what was built
	rm -rf build build-san build-tsan build-fuzz

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/tests/unit/*/*/*.d)
