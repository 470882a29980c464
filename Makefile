# SPDX-License-Identifier: GPL-3.0-or-later
# One non-recursive Makefile. `make help` lists what it does.

# ---- user's knobs
O ?= build
CC = gcc
CROSS ?=
V ?= 0
SAN ?= 0
PREFIX ?= /usr/local

# ---- the house: a folder includes its own files and those of lower levels, never sideways
LEVELS := appliance/base | rules/policy | appliance/net appliance/ipc appliance/settings \
	| rules/nft rules/signed dns appliance/journal | appliance/daemon appliance/cli

# ---- what is built
SRC_base := $(wildcard appliance/base/*.c appliance/base/crypto/*.c)
SRC_policy := $(wildcard rules/policy/*.c)
SRC_settings := $(wildcard appliance/settings/*.c)
SRC_ipc := $(wildcard appliance/ipc/*.c)
SRC_nft := $(wildcard rules/nft/*.c)
SRC_dns := $(wildcard dns/*.c)
SRC_journal := $(wildcard appliance/journal/*.c)
SRC_daemon := $(wildcard appliance/daemon/*.c)
SRC_cli := $(wildcard appliance/cli/*.c)
GENERATED := $(O)/gen/suffixes.c
LIB := $(SRC_base) $(SRC_policy) $(SRC_settings) $(SRC_ipc) $(SRC_nft) $(SRC_dns) $(SRC_journal)

LIBS_cordond := -lseccomp -lnftnl -lmnl -lldns -ljansson -linih -lmbedcrypto -lpthread
LIBS_cordon := -lseccomp -lnftnl -lmnl -lldns -ljansson -linih -lmbedcrypto -lpthread
PROGRAMS := $(O)/bin/cordond $(O)/bin/cordon

# ---- configuration (Kconfig)
KCONFIG = cd $(O) && KCONFIG_CONFIG=.config $(1) $(CURDIR)/Kconfig
-include $(O)/.config

# ---- flags
TOOL := $(if $(CROSS),$(CROSS)-)$(CC)
WARN := -Wall -Wextra -Wshadow -Wconversion -Werror -Wstrict-prototypes -Wvla -Wno-format-truncation
FLAGS := -std=c17 -D_GNU_SOURCE -g -O2 -fno-strict-aliasing -fPIE -pthread \
	-ffile-prefix-map=$(CURDIR)=. -Iappliance -Irules -I. -I$(O)/gen $(WARN)
LINK := -pie -Wl,--as-needed -Wl,--gc-sections -Wl,-z,relro,-z,now
FLAGS += -ffunction-sections -fdata-sections
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
## make check-unit   unit tests only; check-lab: lab tests only; check-includes: the levels
## make check-fresh  demo and check inside bare Debian roots (bookworm, trixie)
## make fuzz         every fuzz target for FUZZ_SECONDS (60) each
## make bench-dns    CPU time per answered query: floor, cordon, dnsmasq, unbound
## make deps         install missing Debian packages (root)
## make menuconfig   choose what is built; defconfig, allnoconfig
## make cross-arm64  the same binaries for arm64 into build-arm64
## make install      into PREFIX (/usr/local), DESTDIR honoured
## make clean        remove build
##
## knobs: O=build CC=gcc|clang SAN=1 (ASan, UBSan) V=1 (commands)

# ---- Kconfig
.PHONY: menuconfig defconfig allnoconfig
menuconfig: | $(O)/gen
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
$(O)/gen $(O)/bin:
	$(Q)mkdir -p $@

# ---- generated: the ICANN section of the Public Suffix List (Debian's publicsuffix)
PSL := /usr/share/publicsuffix/public_suffix_list.dat
$(O)/gen/suffixes.c: rules/policy/suffixes.sh $(wildcard $(PSL)) | $(O)/gen
	$(call say,GEN,$@)
	$(Q)rules/policy/suffixes.sh $(PSL) > $@.new && mv $@.new $@

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
	$(Q)$(TOOL) $(FLAGS) $(LINK) -o $@ $^ $(LIBS_cordond)
$(O)/bin/cordon: $(call objects,$(SRC_cli)) $(O)/lib/cordon.a | $(O)/bin
	$(call say,LINK,$@)
	$(Q)$(TOOL) $(FLAGS) $(LINK) -o $@ $^ $(LIBS_cordon)
