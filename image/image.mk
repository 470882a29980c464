# SPDX-License-Identifier: GPL-3.0-or-later
# The image: image/build makes it, part by part; tests/boot starts it.
IMAGE_DIR := build/image
ARCH ?= x86_64
DEPS_IMAGE := gcc make git patch flex bison bc bzip2 libelf-dev libc6-dev kconfig-frontends-nox xz-utils zstd \
	cpio tcl squashfs-tools cryptsetup-bin dosfstools mtools e2fsprogs fdisk grub-common jq bsdextrautils \
	file rsync debian-archive-keyring $(if $(filter arm64,$(ARCH)),gcc-aarch64-linux-gnu) \
	$(if $(IMAGE_SIGN_KEY),sbsigntool)
DEPS_BOOT := kea-dhcp6-server openssh-client iputils-ping \
	$(if $(filter arm64,$(ARCH)),qemu-system-arm u-boot-qemu,qemu-system-x86 ovmf sbsigntool)

.PHONY: image image-deps image-lock image-menuconfig image-repro run check-image check-image-quick deb check-deb
image-deps:
	$(call install_missing,$(DEPS_IMAGE))

# What goes in: the defaults of Kconfig, less what image/defconfig leaves out, unless changed by hand.
$(IMAGE_DIR)/config: image/defconfig Kconfig | image-deps
	$(Q)mkdir -p $(@D) && cp image/defconfig $@.new
	$(Q)cd $(@D) && KCONFIG_CONFIG=config.new kconfig-conf --olddefconfig $(CURDIR)/Kconfig >/dev/null && mv config.new config
image-menuconfig: $(IMAGE_DIR)/config
	$(Q)cd $(IMAGE_DIR) && KCONFIG_CONFIG=config kconfig-mconf $(CURDIR)/Kconfig

image: image-deps $(IMAGE_DIR)/config
	$(Q)image/build $(ARCH) $(IMAGE_DIR) $(IMAGE_DIR)/config

image-lock:
	$(Q)image/lock
image-repro: image-deps $(IMAGE_DIR)/config
	$(Q)image/repro $(ARCH) $(IMAGE_DIR)/config

# Publisher and clients of the tests are this machine's own.
run: deps image
	$(call install_missing,$(DEPS_BOOT))
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)ARCH=$(ARCH) tests/boot/play
# A test and a look need no prices.
run check-image check-image-quick: export IMAGE_PRICES = no
BOOT_TOOLS = $(patsubst %,$(O)/tests/boot/%,asker ntp replay trunk)
check-image check-image-quick: deps image
	$(call install_missing,$(DEPS_BOOT))
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all $(BOOT_TOOLS) $(O)/tests/journal-from
	$(Q)ARCH=$(ARCH) tests/boot/run $(if $(filter check-image-quick,$@),--quick)
$(BOOT_TOOLS): $(O)/%: %.c $(O)/gen/autoconf.h
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(TOOL) $(FLAGS) $(LINK) -o $@ $<

deb: deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)image/deb/build $(O) build/deb
check-deb: deb
	$(call install_missing,$(DEPS_FRESH))
	$(Q)tests/check-deb build/deb
