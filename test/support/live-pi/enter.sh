#!/bin/sh
# Run in network, mount and PID namespaces of its own: makes them a Pi with a real sshd.
# $1: the directory that live-pi.ts has filled.
set -e
ip link set lo up
ip link add eth0 type veth peer name cable
ip link set eth0 address "$(cat "$1/mac")"
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mkdir /run/sshd
mount --bind "$1/cpuinfo" /proc/cpuinfo
mount --bind "$1/boot_id" /proc/sys/kernel/random/boot_id
mount --bind "$1/boot" /boot
for name in passwd group shadow sudoers; do
  mount --bind "$1/$name" "/etc/$name"
done
mount --bind "$1/pam" /etc/pam.d/sudo
"$1/bin/start-sshd"
echo ready
exec sleep infinity
