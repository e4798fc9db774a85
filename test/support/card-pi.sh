#!/bin/bash
# A Pi that runs from its card: a real sshd on loopback, in a root that is a filesystem of its own.
#
#   unshare --mount --pid --fork --kill-child --mount-proc bash card-pi.sh DIR ROOT BOOTFILES BOOT PORT
#
# DIR gets nothing written; it is where the card is mounted. The programs are this machine's, seen
# through mounts, which are not part of the card's filesystem. Ends with its standard input.
set -eu
dir=$1 root=$2 bootfiles=$3 boot=$4 port=$5
card=$dir
mount -t tmpfs -o mode=0755 card "$card"
cp -a "$root/." "$card/"
mount -t tmpfs -o mode=0755 bootfs "$card/$boot"
cp -r "$bootfiles/." "$card/$boot/"
mount --bind / "$card/host"
mount --bind /usr/lib64 "$card/lib64"
mount --bind /usr/lib/x86_64-linux-gnu "$card/usr/lib/x86_64-linux-gnu"
mount --bind /usr/libexec/sudo "$card/usr/libexec/sudo"
mount -t proc proc "$card/proc"
mount -t tmpfs -o mode=0755 dev "$card/dev"
for device in null zero urandom random tty; do
  : >"$card/dev/$device"
  mount --bind "/dev/$device" "$card/dev/$device"
done
mount -t tmpfs -o mode=0755 run "$card/run"
mkdir -p "$card/run/sshd" "$card/run/facts"
mount -t tmpfs -o mode=0755 sys "$card/sys"
mkdir -p "$card/sys/class/net/eth0" "$card/sys/class/net/lo"
echo b8:27:eb:33:34:7a >"$card/sys/class/net/eth0/address"
printf 'Filename\tType\tSize\tUsed\tPriority\n/var/swap file 102396 0 -2\n' >"$card/run/facts/swaps"
printf 'processor\t: 0\nSerial\t\t: 000000003333347a\n' >"$card/run/facts/cpuinfo"
mount --bind "$card/run/facts/swaps" "$card/proc/swaps"
mount --bind "$card/run/facts/cpuinfo" "$card/proc/cpuinfo"
chroot "$card" /host/usr/sbin/sshd -D -e -f /etc/ssh/sshd_config -p "$port" </dev/null &
until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.05; done
echo ready
cat >/dev/null
