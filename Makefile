# SPDX-License-Identifier: GPL-3.0-or-later
# One non-recursive Makefile. `make help` lists what it does.

# ---- user's knobs
CC = gcc
CROSS ?=
SYSROOT ?=
CCACHE ?=
EXTRA_FLAGS ?=
JOBS := $(shell nproc)
V ?= 0
SAN ?= 0
O ?= build$(if $(filter 1,$(SAN)),-san)
PREFIX ?= /usr/local

# ---- the house: a folder includes its own files and those of lower levels, never sideways
LEVELS := appliance/base | rules/policy | appliance/net appliance/ipc appliance/settings \
	| rules/nft rules/signed dns appliance/journal \
	| rules/publisher appliance/command | appliance/evidence appliance/box/base \
	| appliance/box/network | appliance/box/settings appliance/box/image \
	| appliance/box/health rules/repo | appliance/box/console | appliance/daemon appliance/cli

# ---- what is built
sources = $(foreach folder,$(1),$(wildcard $(folder)/*.c))
SRC_base := $(call sources,appliance/base appliance/base/crypto)
SRC_policy := $(call sources,rules/policy)
SRC_settings := $(call sources,appliance/settings)
SRC_ipc := $(call sources,appliance/ipc)
SRC_net := $(call sources,appliance/net)
SRC_nft := $(call sources,rules/nft)
SRC_signed := $(call sources,rules/signed)
SRC_publisher := $(call sources,rules/publisher)
SRC_dns := $(call sources,dns)
SRC_journal := $(call sources,appliance/journal)
SRC_evidence := $(call sources,appliance/evidence)
SRC_command := $(call sources,appliance/command)
SRC_box := $(call sources,$(foreach room,base network settings image health console,appliance/box/$(room)))
SRC_daemon := $(call sources,appliance/daemon)
SRC_cli := $(call sources,appliance/cli)
# An appliance does without the publisher: without its command nothing pulls in its library.
SRC_repo = $(if $(CONFIG_PUBLISHER),$(filter-out $(if $(CONFIG_PKCS11),,rules/repo/token%.c),$(call sources,rules/repo)))
GENERATED := $(O)/gen/suffixes.c $(O)/gen/weights.c
LIB := $(SRC_base) $(SRC_policy) $(SRC_settings) $(SRC_ipc) $(SRC_net) $(SRC_nft) $(SRC_signed) \
	$(SRC_publisher) $(SRC_dns) $(SRC_journal) $(SRC_evidence) $(SRC_command) $(SRC_box)

# --as-needed drops what a program does not use: cordond links no libsodium.
LIBS = -lseccomp -lnftnl -lmnl -lldns -ljansson -lsqlite3 -linih -lmbedtls -lmbedx509 -lmbedcrypto \
	$(if $(CONFIG_ED25519),-lsodium) $(if $(CONFIG_PKCS11),-lp11-kit) -lpthread
PROGRAMS := $(O)/bin/cordond $(O)/bin/cordon
MANUALS := $(sort $(wildcard $(foreach room,appliance/* appliance/box/* rules/*,$(room)/*.[158])))

# ---- configuration (Kconfig)
KCONFIG = cd $(O) && KCONFIG_CONFIG=.config $(1) $(CURDIR)/Kconfig
# Goals that first install what the configuration itself needs do without it.
ifneq ($(filter-out help deps demo check check-fresh check-tuf cross-arm64 image% clean,$(or $(MAKECMDGOALS),all)),)
-include $(O)/.config
endif

# ---- flags
TOOL := $(CCACHE) $(if $(CROSS),$(CROSS)-)$(CC) $(if $(SYSROOT),--sysroot=$(SYSROOT))
WARN := -Wall -Wextra -Wshadow -Wconversion -Werror -Wstrict-prototypes -Wvla \
	$(if $(findstring clang,$(CC)),,-Wno-format-truncation)
FLAGS := -std=c17 -D_GNU_SOURCE -g -O2 -fno-strict-aliasing -fPIE -pthread \
	-ffile-prefix-map=$(CURDIR)=. -I. -I$(O)/gen $(WARN)
LINK := -pie -Wl,--as-needed -Wl,--gc-sections -Wl,-z,relro,-z,now
FLAGS += -ffunction-sections -fdata-sections $(if $(CONFIG_PKCS11),-isystem $(SYSROOT)/usr/include/p11-kit-1)
FLAGS += $(EXTRA_FLAGS)
ifeq ($(SAN),1)
FLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
	-DCORDON_SANITIZE
LINK += -fsanitize=address,undefined
else ifeq ($(CONFIG_HARDENING),y)
FLAGS += -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fstack-clash-protection
endif
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))

.PHONY: all help
all: $(PROGRAMS)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make              build cordond and cordon into build/bin
## make demo         install what is missing, build, run the main job in a lab; HOLD=1 keeps it
## make check        install what is missing, build, run every test
## make check-unit   unit tests only; check-attacks: hostile repositories; check-lab: lab tests only;
##                   check-style: the rules of the house (levels, circles, columns, words, ...)
## make measure      how long, deep and explained the C files are
## make check-fresh  demo and check inside bare Debian roots (bookworm, trixie)
## make check-interop  publisher and client against python-tuf (in a Debian root of its own)
## make check-tuf    SUITE=FOLDER: the public TUF conformance suite, a copy of which lies there
## make fuzz         every fuzz target for FUZZ_SECONDS (60) each
## make image       the image for ARCH=x86_64 or arm64, into build/image; make run boots it
## make check-image boot it under QEMU and prove what it does; check-image-quick: the part for CI
## make image-lock  take today's versions from Debian; image-repro: build twice, compare bytes
## make bench-dns    CPU time per answered query: floor, cordon, dnsmasq, unbound
## make bench-journal  what the block log costs, and how long questions take over 10 million events
## make bench-update CPU and memory of a signed release of 5 MB
## make deps         install missing Debian packages (root)
## make menuconfig   choose what is built; defconfig, allnoconfig
## make cross-arm64  the same binaries for arm64 into build-arm64
## make install      into PREFIX (/usr/local), DESTDIR honoured
## make clean        remove build
##
## knobs: O=build CC=gcc|clang SAN=1 (ASan, UBSan) V=1 (commands) LABS="dns wan" (of the lab tests these alone)
##        TEST_JOBS, TEST_LABS (tests, labs side by side)

# ---- Kconfig
.PHONY: menuconfig defconfig allnoconfig
menuconfig: | $(O)/gen
	@[ -t 0 ] || { echo 'menuconfig: asks on a terminal, and standard input is none; edit $(O)/.config' >&2; exit 1; }
	$(Q)$(call KCONFIG,kconfig-mconf)
defconfig: | $(O)/gen
	$(Q)$(call KCONFIG,kconfig-conf --alldefconfig) >/dev/null
allnoconfig: | $(O)/gen
	$(Q)$(call KCONFIG,kconfig-conf --allnoconfig) >/dev/null
$(O)/.config: Kconfig | $(O)/gen
	$(Q)if [ -e $@ ]; then $(call KCONFIG,kconfig-conf --olddefconfig); \
		else $(call KCONFIG,kconfig-conf --alldefconfig); fi >/dev/null && touch $(abspath $@)
$(O)/gen/autoconf.h: $(O)/.config
	$(Q)sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=y$$/#define \1 1/p' $< > $@
# The moment that this tree was made: no clock of an appliance is before it.
BUILD_TIME := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),$(shell date -r Makefile +%s))
.PHONY: always
$(O)/gen/build.h: always | $(O)/gen
	$(Q)echo '#define BUILD_TIME $(BUILD_TIME)' | cmp -s - $@ || echo '#define BUILD_TIME $(BUILD_TIME)' > $@
$(O)/obj/appliance/base/version.o: $(O)/gen/build.h
$(O)/gen $(O)/bin:
	$(Q)mkdir -p $@

# ---- generated: the ICANN section of the Public Suffix List (Debian's publicsuffix)
PSL := /usr/share/publicsuffix/public_suffix_list.dat
$(O)/gen/suffixes.c: rules/policy/suffixes.sh $(wildcard $(PSL)) | $(O)/gen
	$(call say,GEN,$@)
	$(Q)rules/policy/suffixes.sh $(PSL) > $@.new && mv $@.new $@

# ---- generated: what traces weigh, as text that is parsed when it is needed
$(O)/gen/weights.c: appliance/evidence/weights.tsv | $(O)/gen
	$(call say,GEN,$@)
	$(Q){ echo '/* $< */'; echo 'extern const char weights_text[];'; echo 'const char weights_text[] ='; \
		sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/\\t/g; s/.*/"&\\n"/' $<; echo ';'; } > $@.new && mv $@.new $@

# ---- compiling
objects = $(patsubst %.c,$(O)/obj/%.o,$(1))
OBJ_generated := $(patsubst $(O)/gen/%.c,$(O)/obj/gen/%.o,$(GENERATED))
$(O)/obj/%.o: %.c $(O)/gen/autoconf.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(TOOL) $(FLAGS) -MMD -MP -c -o $@ $<
$(O)/obj/gen/%.o: $(O)/gen/%.c $(O)/gen/autoconf.h
	$(Q)mkdir -p $(@D) && $(TOOL) $(FLAGS) -c -o $@ $<

$(O)/lib/cordon.a: $(call objects,$(LIB)) $(OBJ_generated)
	$(Q)mkdir -p $(@D) && rm -f $@ && $(if $(CROSS),$(CROSS)-)ar rcs $@ $^
$(O)/bin/cordond: $(call objects,$(SRC_daemon)) $(O)/lib/cordon.a | $(O)/bin
	$(call say,LINK,$@)
	$(Q)$(TOOL) $(FLAGS) $(LINK) -o $@ $^ $(LIBS)
$(O)/bin/cordon: $(call objects,$(SRC_cli) $(SRC_repo)) $(O)/lib/cordon.a | $(O)/bin
	$(call say,LINK,$@)
	$(Q)$(TOOL) $(FLAGS) $(LINK) -o $@ $^ $(LIBS)

# ---- what it needs (Debian; bookworm and trixie)
# Keys on tokens: what finds and loads a token's module; for tests a token in software, and what puts
# certificates and keys onto it that want the PIN each time, as PIV's do (softhsm2-util cannot).
DEPS_TOKEN := libp11-kit-dev softhsm2 opensc
# libc-ares-dev: a client that believes no reply without a cookie, once it has seen one (tests/lab).
DEPS := gcc make pkgconf kconfig-frontends-nox publicsuffix libmnl-dev libnftnl-dev libldns-dev \
	libmbedtls-dev libsodium-dev libjansson-dev libsqlite3-dev libinih-dev libseccomp-dev libcmocka-dev \
	nftables iproute2 procps util-linux mount unbound bind9 bind9-utils bind9-dnsutils knot-dnsutils \
	ldnsutils nginx-light openssl curl netcat-openbsd nmap dnsperf jq conntrack pdns-recursor \
	dnsmasq-base mandoc fdisk sqlite3 libc-ares-dev $(DEPS_TOKEN)
DEPS_FUZZ := clang libclang-rt-dev
DEPS_FRESH := mmdebstrap

install_missing = $(Q)missing=; for package in $(1); do \
		dpkg-query -W -f='$${db:Status-Status}\n' $$package 2>/dev/null | grep -qx installed || \
			missing="$$missing $$package"; done; \
	[ -z "$$missing" ] || tests/install-packages $$missing

.PHONY: deps
deps:
	$(call install_missing,$(DEPS))

# ---- tests
# A unit test links its own folder and lower ones, nothing else.
UNIT_appliance/base := $(SRC_base)
UNIT_rules/policy := $(UNIT_appliance/base) $(SRC_policy)
UNIT_appliance/settings := $(UNIT_rules/policy) $(SRC_settings)
UNIT_appliance/ipc := $(UNIT_rules/policy) $(SRC_ipc)
UNIT_appliance/net := $(UNIT_rules/policy) $(SRC_net)
middle := $(UNIT_appliance/settings) $(SRC_ipc)
UNIT_rules/signed := $(UNIT_appliance/net) $(SRC_settings) $(SRC_signed)
UNIT_rules/publisher := $(UNIT_rules/signed) $(SRC_ipc) $(SRC_journal) $(SRC_publisher)
UNIT_rules/nft := $(middle) $(SRC_nft)
UNIT_dns := $(middle) $(SRC_dns)
UNIT_appliance/journal := $(middle) $(SRC_journal)
UNIT_appliance/command := $(middle) $(SRC_net) $(SRC_nft) $(SRC_signed) $(SRC_journal) $(SRC_command)
UNIT_appliance/evidence := $(UNIT_appliance/command) $(SRC_evidence)
box = $(call sources,$(foreach room,$(1),appliance/box/$(room)))
UNIT_appliance/box/base := $(UNIT_appliance/command) $(call box,base)
UNIT_appliance/box/network := $(UNIT_appliance/command) $(call box,base network)
UNIT_appliance/box/settings := $(UNIT_appliance/command) $(call box,base network settings)
UNIT_appliance/box/image := $(UNIT_appliance/command) $(call box,base network image)
UNIT_appliance/box/health := $(UNIT_appliance/command) $(call box,base network settings image health)
UNIT_appliance/box/console := $(UNIT_appliance/box/health) $(call box,console)
UNIT_appliance/daemon := $(LIB) $(filter-out appliance/daemon/main.c,$(SRC_daemon))
UNIT_appliance/cli := $(LIB) $(filter-out appliance/cli/main.c,$(SRC_cli))
UNIT_rules/repo := $(LIB) $(SRC_repo)

unit_folder = $(patsubst tests/unit/%/,%,$(dir $(1)))
unit_needs = $(call objects,$(UNIT_$(call unit_folder,$(1)))) \
	$(if $(filter appliance/base,$(call unit_folder,$(1))),,$(OBJ_generated))
UNIT_TESTS := $(sort $(wildcard $(foreach depth,* */* */*/*,tests/unit/$(depth)/test_*.c)))
UNIT_PROGRAMS := $(patsubst %.c,$(O)/%,$(UNIT_TESTS))

$(foreach test,$(UNIT_TESTS),$(eval $(O)/$(test:.c=): $(call unit_needs,$(test))))
$(UNIT_PROGRAMS): $(O)/%: $(O)/obj/%.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(TOOL) $(FLAGS) $(LINK) $(WRAP) -o $@ $^ -lcmocka $(LIBS)
$(O)/tests/unit/rules/publisher/test_publish: WRAP = -Wl,--wrap=renameat

# The client as the public TUF conformance suite drives it.
$(O)/tests/tuf-client: $(call objects,tests/tuf-client.c $(UNIT_rules/signed)) $(OBJ_generated)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(TOOL) $(FLAGS) $(LINK) -o $@ $^ $(LIBS)

# A log out of JSON lines, for tests of what reads it.
$(O)/tests/journal-from: $(call objects,tests/journal-from.c $(UNIT_appliance/journal)) $(OBJ_generated)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(TOOL) $(FLAGS) $(LINK) -o $@ $^ $(LIBS)

# Hostile repositories, and what a power cut leaves; tests of signed may use the generator, too.
FORGE := $(call objects,tests/attacks/forge.c tests/attacks/forge_client.c)
ATTACK_PROGRAMS := $(patsubst %.c,$(O)/%,$(sort $(wildcard tests/attacks/test_*.c)))
$(filter $(O)/tests/unit/rules/signed/% $(O)/tests/unit/rules/publisher/%,$(UNIT_PROGRAMS)): $(FORGE)
$(ATTACK_PROGRAMS): $(O)/%: $(O)/obj/%.o $(FORGE) $(call objects,$(UNIT_rules/signed)) $(OBJ_generated)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(TOOL) $(FLAGS) $(LINK) $(WRAP) -o $@ $^ -lcmocka $(LIBS)
$(O)/tests/attacks/test_publisher: $(call objects,$(SRC_publisher))
$(O)/tests/attacks/test_power: WRAP = -Wl,--wrap=write,--wrap=fsync,--wrap=renameat,--wrap=unlinkat

# Against python-tuf, in a root of its own.
.PHONY: check-interop
check-interop: all
	$(call install_missing,$(DEPS_FRESH))
	$(Q)tests/interop/run $(O)

# What it is built with, in a root of its own.
.PHONY: check-tuf
check-tuf:
	$(call install_missing,$(DEPS_FRESH))
	$(Q)tests/check-tuf "$(SUITE)" $(filter gcc make kconfig-frontends-nox publicsuffix lib%,$(DEPS))

.PHONY: check check-unit check-attacks check-lab check-style check-includes measure check-man check-run demo
check: deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) check-run

check-run: all $(UNIT_PROGRAMS) $(ATTACK_PROGRAMS) $(O)/tests/tuf-client $(O)/tests/journal-from
	$(Q)tests/run $(O) unit attacks lab $(LABS)

check-unit: all $(UNIT_PROGRAMS) $(O)/tests/journal-from
	$(Q)tests/run $(O) unit

check-attacks: $(ATTACK_PROGRAMS)
	$(Q)tests/run $(O) attacks

check-lab: all
	$(Q)tests/run $(O) lab $(LABS)

check-includes:
	$(Q)tests/checks/levels

# Each is tests/checks/NAME ROOT BUILD; circles looks into the objects.
CHECKS := levels circles columns functions tags contracts words
check-style: all
	$(Q)bad=0; for check in $(CHECKS); do tests/checks/$$check . $(O) || bad=1; done; exit $$bad

measure:
	$(Q)tests/checks/measure

check-man:
	$(Q)tests/check-man $(O) $(MANUALS)

demo: deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)CORDON_BIN=$(abspath $(O)/bin) tests/lab/demo

# ---- both commands in bare roots
.PHONY: check-fresh
check-fresh:
	$(call install_missing,$(DEPS_FRESH))
	$(Q)tests/check-fresh bookworm trixie

# ---- fuzzing (libFuzzer)
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SOURCES := $(LIB) $(GENERATED)

$(O)/fuzz/%: tests/fuzz/%.c $(FUZZ_SOURCES) $(O)/gen/autoconf.h $(O)/gen/build.h
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D) && clang $(filter-out -O2 -fPIE -Wno-format-truncation,$(FLAGS)) -O1 -DCORDON_SANITIZE \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $< \
		$(FUZZ_SOURCES) $(LIBS) -lresolv

.PHONY: fuzz
fuzz:
	$(call install_missing,$(DEPS_FUZZ))
	$(Q)$(MAKE) --no-print-directory $(addprefix $(O)/fuzz/,$(FUZZERS))
	$(Q)tests/fuzz/run $(O)/fuzz $(FUZZ_SECONDS) $(FUZZERS)

# ---- speed
.PHONY: bench-dns
bench-dns: all
	$(Q)mkdir -p $(O)/bench && $(TOOL) $(FLAGS) $(LINK) -o $(O)/bench/echo tests/bench/echo.c
	$(Q)tests/bench/dns $(O)

.PHONY: bench-journal
$(O)/bench/journal-tool: $(O)/obj/tests/bench/journal.o $(O)/lib/cordon.a
	$(Q)mkdir -p $(@D) && $(TOOL) $(FLAGS) $(LINK) -o $@ $^ $(LIBS)
bench-journal: all $(O)/bench/journal-tool
	$(Q)tests/bench/journal $(O)

.PHONY: bench-update
bench-update: all
	$(Q)mkdir -p $(O)/bench && $(TOOL) $(FLAGS) $(LINK) -o $(O)/bench/usage tests/bench/usage.c
	$(Q)tests/bench/update $(O)

# ---- arm64, with Debian's multiarch packages
CROSS_ARM64 := gcc-aarch64-linux-gnu libc6-dev:arm64 libmnl-dev:arm64 libnftnl-dev:arm64 libldns-dev:arm64 \
	libmbedtls-dev:arm64 libsodium-dev:arm64 libjansson-dev:arm64 libsqlite3-dev:arm64 libinih-dev:arm64 libseccomp-dev:arm64 \
	libp11-kit-dev:arm64
.PHONY: cross-arm64
cross-arm64:
	$(Q)tests/install-packages --arch arm64 $(CROSS_ARM64)
	$(Q)$(MAKE) --no-print-directory O=build-arm64 CROSS=aarch64-linux-gnu all

# ---- install, clean
.PHONY: install clean
install: all
	install -D -m755 $(O)/bin/cordond $(DESTDIR)$(PREFIX)/sbin/cordond
	install -D -m755 $(O)/bin/cordon $(DESTDIR)$(PREFIX)/bin/cordon
	install -D -m644 -t $(DESTDIR)/etc/cordon/rules rules/lists/*.rules
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/cordon appliance/evidence/weights.tsv
	install -D -m644 appliance/settings/cordon.conf.example \
		$(DESTDIR)/etc/cordon/cordon.conf.example
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(filter-out $(if $(CONFIG_PUBLISHER),,%/cordon-repo.1),$(filter %.1,$(MANUALS)))
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/man/man5 $(filter %.5,$(MANUALS))
	install -D -m644 -t $(DESTDIR)$(PREFIX)/share/man/man8 $(filter %.8,$(MANUALS))
	install -D -m644 appliance/cli/cordon.bash-completion \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/cordon
clean:
	rm -rf $(O) build-arm64

include image/image.mk

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)
