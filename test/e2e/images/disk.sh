#!/bin/bash
# Lays the NAS with its settings, pifarm and a template on one disk.
#
#   bash disk.sh INTO BASE PIFARM TEMPLATE SETTINGS
#
# Run it in a mount namespace of its own. SETTINGS: a tree of files.
set -eu
into=$1
base=$2
pifarm=$3
template=$4
settings=$5
nas=$into/nas

mkdir -p "$into"/{upper,work,nas}
mount -t overlay overlay -o "lowerdir=$pifarm:$base,upperdir=$into/upper,workdir=$into/work" "$nas"
cp -r --preserve=mode "$settings/." "$nas/"

# What only costs time, where a program takes 20 ms to start.
off=(
  e2scrub_reap.service e2scrub_all.timer fstrim.timer apt-daily.timer apt-daily-upgrade.timer
  dpkg-db-backup.timer man-db.timer systemd-tmpfiles-clean.timer getty@tty1.service
  getty-static.service systemd-logind.service ifupdown-pre.service nfs-blkmap.service
  systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket
  systemd-udev-trigger.service systemd-udev-settle.service systemd-update-utmp.service
  systemd-pstore.service systemd-journal-catalog-update.service ldconfig.service
  systemd-update-done.service systemd-hwdb-update.service systemd-firstboot.service
)
for unit in "${off[@]}"; do ln -sf /dev/null "$nas/etc/systemd/system/$unit"; done
mkdir -p "$nas/etc/systemd/system/sysinit.target.wants" "$nas/mnt/PiRoots" "$nas/srv/tftp"
ln -s ../serve-commands.service "$nas/etc/systemd/system/sysinit.target.wants/"
# The number of the agent's user on every Pi (src/root-template/steps/agent/account.ts).
install -d -o 561 -g 561 "$nas/srv/media"
install -d -m 0700 "$nas/var/lib/pifarm"
cp -a "$template/state/templates" "$nas/var/lib/pifarm/"
mount --bind "$template/roots" "$nas/mnt/PiRoots"
mke2fs -q -F -t ext4 -L nas -d "$nas" "$into/disk" 8G
umount "$nas/mnt/PiRoots" "$nas"
rm -rf "$into"/{upper,work,nas}
