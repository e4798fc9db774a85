#!/bin/bash
# The NAS of the lab and the wires to its Pis; PID 1 of namespaces of its own:
#
#   unshare --mount --net --pid --fork --kill-child --mount-proc \
#     bash nas.sh PROJECT NODE DEBIAN [NAME=MAC ...]
#
# DEBIAN holds what test/setup.js unpacked. Says `ready` when every daemon runs, and ends when its
# input does. With it everything it made is gone, however the test ended: every file lies in a
# tmpfs, every process in the PID namespace.
set -eu
project=$1
node=$2
debian=$3
shift 3
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# What the NAS may change lies in memory. /run holds the rest, so it comes first.
mount -t tmpfs -o mode=0755 lab /run
mkdir -p /run/lab/{etc,lib,log,srv,mnt,dev,kept,netns} /run/lock /run/rpcbind
cp -a /etc/. /run/lab/etc/
rm -rf /run/lab/etc/{dhcp,exports,exports.d,iptables,nfs.conf.d,pifarm,rsyslog.d,resolv.conf,ufw}
cp -r "$project/test/lab/nas/etc/." /run/lab/etc/
chmod 0640 /run/lab/etc/iptables/rules.v4
grep -q ^tftp: /etc/passwd || echo 'tftp:x:269:65534::/srv/tftp:/usr/sbin/nologin' >>/run/lab/etc/passwd
cp -r "$project/test/lab/services" /run/lab/
mkdir -p /run/lab/lib/{dpkg,dhcp,nfs/{sm,sm.bak,v4recovery}}
touch /run/lab/lib/nfs/{etab,rmtab,state}
chown -R statd /run/lab/lib/nfs 2>/dev/null || true
mount --bind /var/lib/dpkg /run/lab/lib/dpkg
mkdir -p /run/lab/srv/{tftp,films} /run/lab/mnt/PiRoots
# A filesystem of its own, so that a test can fill it up.
mount -t tmpfs -o mode=0755 roots /run/lab/mnt/PiRoots

# The daemons log to /dev/log, which on this machine belongs to somebody else.
for device in null zero full random urandom tty; do
  touch "/run/lab/dev/$device"
  mount --bind "/dev/$device" "/run/lab/dev/$device"
done
ln -s /proc/self/fd /run/lab/dev/fd
ln -s /proc/self/fd/0 /run/lab/dev/stdin
ln -s /proc/self/fd/1 /run/lab/dev/stdout
ln -s /proc/self/fd/2 /run/lab/dev/stderr
mkdir /run/lab/dev/shm

# pifarm, node and the packages stay where they are, also where that is below a directory that is covered now.
covered='^(/etc|/var/lib|/var/log|/srv|/mnt)/'
kept=()
for dir in "$project" "$(dirname "$(dirname "$(readlink -f "$node")")")" "$debian"; do
  [[ $dir =~ $covered ]] || continue
  mkdir "/run/lab/kept/${#kept[@]}"
  mount --rbind "$dir" "/run/lab/kept/${#kept[@]}"
  kept+=("$dir")
done
mount --rbind /run/lab/etc /etc
mount --rbind /run/lab/lib /var/lib
mount --rbind /run/lab/log /var/log
mount --rbind /run/lab/srv /srv
mount --rbind /run/lab/mnt /mnt
mount --rbind /run/lab/dev /dev
for index in "${!kept[@]}"; do
  mkdir -p "${kept[$index]}"
  mount --rbind "/run/lab/kept/$index" "${kept[$index]}"
done

# One switch, to which the NAS and every Pi have a wire. A bridge takes the lowest MAC of its
# ports unless it has one of its own, and would change it as ports come.
mkdir -p /run/netns
ip link set lo up
ip netns add switch
ip -n switch link add br0 address 02:00:00:77:00:fe type bridge stp_state 0
ip -n switch link set br0 up
ip link add eth0 address 02:00:00:77:00:01 type veth peer name nas netns switch
ip -n switch link set nas master br0 up
ip addr add 10.77.0.1/24 dev eth0
ip link set eth0 up
port=0
for pi in "$@"; do
  port=$((port + 1))
  name=${pi%%=*}
  ip netns add "$name"
  ip -n "$name" link set lo up
  ip -n "$name" link add eth0 address "${pi#*=}" type veth peer name "pi$port" netns switch
  ip -n switch link set "pi$port" master br0 up
  ip -n "$name" link set eth0 up
done

iptables-restore </etc/iptables/rules.v4
rsyslogd -n -i /run/rsyslogd.pid </dev/null >>/run/lab/rsyslogd.log 2>&1 &
until [ -S /dev/log ]; do sleep 0.02; done
rpcbind -w </dev/null >>/run/lab/rpcbind.log 2>&1
/run/lab/services/nfs-server start
. /etc/default/tftpd-hpa
"$debian/usr/sbin/in.tftpd" --listen --user "$TFTP_USERNAME" --address "$TFTP_ADDRESS" $TFTP_OPTIONS "$TFTP_DIRECTORY"
/run/lab/services/isc-dhcp-server start
# Where the kernel has no NFS server, this stands for it: who gets through the firewall is heard.
"$node" -e 'require("node:net").createServer((socket) => socket.end()).listen(2049, "0.0.0.0")' \
  </dev/null >>/run/lab/listener.log 2>&1 &
echo $! >/run/lab/nfsd.pid
until ss -ltnH 'sport = :2049' | grep -q .; do sleep 0.02; done

echo ready
cat >/dev/null
