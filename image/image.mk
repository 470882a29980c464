# SPDX-License-Identifier: GPL-3.0-or-later
# The image: image/build makes it, part by part.
IMAGE_DIR := build/image
ARCH ?= x86_64
DEPS_IMAGE := gcc make git patch flex bison bc libelf-dev libc6-dev kconfig-frontends-nox xz-utils zstd \
	cpio squashfs-tools cryptsetup-bin dosfstools mtools e2fsprogs fdisk grub-common jq bsdextrautils \
	file rsync debian-archive-keyring $(if $(filter arm64,$(ARCH)),gcc-aarch64-linux-gnu)

.PHONY: image image-deps image-lock image-menuconfig image-repro
image-deps:
	$(call install_missing,$(DEPS_IMAGE))

# What goes in: the defaults of Kconfig, less what image/defconfig leaves out, until somebody chooses.
$(IMAGE_DIR)/config: image/defconfig Kconfig | image-deps
	$(Q)mkdir -p $(@D) && cp image/defconfig $@.new
	$(Q)cd $(@D) && KCONFIG_CONFIG=config.new kconfig-conf --olddefconfig $(CURDIR)/Kconfig >/dev/null && mv config.new config
image-menuconfig: $(IMAGE_DIR)/config
	$(Q)cd $(IMAGE_DIR) && KCONFIG_CONFIG=config kconfig-mconf $(CURDIR)/Kconfig

image: image-deps $(IMAGE_DIR)/config
	$(Q)image/build $(ARCH) $(IMAGE_DIR) $(IMAGE_DIR)/config

image-lock:
	$(Q)image/lock
