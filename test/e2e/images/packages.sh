#!/bin/bash
# The NAS without pifarm and without settings: Debian with the packages of a farm, and what a
# User-Mode-Linux guest needs.
#
#   bash packages.sh INTO SUITE
#
# Run it in mount and process namespaces of its own.
set -eu
into=$1
suite=$2
root=$into/root
modules=$(echo /usr/lib/uml/modules/*)
[ -d "$modules" ] || { echo "not one version of modules: $modules" >&2; exit 1; }

packages=(
  systemd-sysv dbus kmod iproute2 ifupdown procps e2fsprogs ca-certificates
  isc-dhcp-server tftpd-hpa nfs-kernel-server rpcbind iptables iptables-persistent
  nodejs mmdebstrap arch-test openssh-client
  # No udev tells lsblk here what is on a card.
  mtools
)
mmdebstrap --quiet --mode=root --variant=minbase --format=directory --architectures=amd64 \
  --aptopt='APT::Install-Recommends "false"' --include="$(IFS=,; echo "${packages[*]}")" \
  "$suite" "$root"
mkdir -p "$root/usr/lib/modules"
cp -a -t "$root/usr/lib/modules" "$modules"
chroot "$root" depmod "${modules##*/}"
# The guest's kernel has no nf_tables.
chroot "$root" update-alternatives --quiet --set iptables /usr/sbin/iptables-legacy
mkdir -p -m 0700 "$root/root/.ssh"
ssh-keygen -q -t ed25519 -N '' -C 'the admin of the farm' -f "$root/root/.ssh/id_ed25519"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
rm -rf "$root"/var/cache/apt/archives/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}
