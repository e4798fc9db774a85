#!/bin/bash
# The wires of a farm in a box: one switch, with a port for the NAS and two for every Pi. By one of
# them the boot ROM is played, at the other its kernel runs. Neither has an address here, and there
# is no way out.
#
#   unshare --mount --net --pid --fork --kill-child --mount-proc bash network.sh [NAME ...]
#
# Says `ready`, and ends when its input does. With it every process of the farm is gone.
set -eu
mount -t tmpfs -o mode=0755 box /run
mkdir /run/netns
# The memory of guests lies here and is run from here. A container's own has 64 MB, and runs nothing.
mount -t tmpfs -o mode=1777,size=3G box /dev/shm
ip link set lo up
# A bridge takes the lowest MAC of its ports unless it has one of its own, and would change it.
ip link add br0 address 02:00:00:77:00:fe type bridge stp_state 0
ip link set br0 up
port() {
  ip tuntap add "$1" mode tap
  ip link set "$1" master br0 up
}
port nas
number=0
for name in "$@"; do
  number=$((number + 1))
  port "pi$number"
  ip netns add "$name"
  ip -n "$name" link set lo up
  ip link add "rom$number" type veth peer name eth0 netns "$name"
  ip link set "rom$number" master br0 up
done
echo ready
cat >/dev/null
