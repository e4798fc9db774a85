# Runs a command inside a root filesystem, with the /proc, /sys, /dev, /run and /tmp it expects.
#
#   sh enter.sh TOP HOOKS change|look COMMAND [ARGUMENT ...]
#
# HOOKS: a directory of the NAS that is seen at /run/pifarm-hooks; empty: none. look: the root is
# mounted read-only. Run it in mount and process namespaces of its own, with /proc already theirs:
# every mount below ends with them.
set -eu
top=$1
hooks=$2
access=$3
shift 3

# A link in place of one of these would lead the mount out into the NAS.
for dir in proc sys dev run tmp; do
  [ ! -L "$top/$dir" ] && [ -d "$top/$dir" ] || { echo "$top/$dir is no directory" >&2; exit 126; }
done
if [ "$access" = look ]; then
  mount --bind "$top" "$top"
  mount -o remount,bind,ro "$top"
fi
mount -t proc -o nosuid,nodev,noexec proc "$top/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$top/sys"
mount -t tmpfs -o mode=0755,nosuid pifarm "$top/dev"
mount -t tmpfs -o mode=0755,nosuid,nodev pifarm "$top/run"
mount -t tmpfs -o mode=1777,nosuid,nodev pifarm "$top/tmp"
for device in null zero full random urandom tty; do
  : >"$top/dev/$device"
  mount --bind "/dev/$device" "$top/dev/$device"
done
mkdir "$top/dev/pts" "$top/dev/shm" "$top/run/lock"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,nosuid,noexec devpts "$top/dev/pts"
ln -s pts/ptmx "$top/dev/ptmx"
ln -s /proc/self/fd "$top/dev/fd"
ln -s /proc/self/fd/0 "$top/dev/stdin"
ln -s /proc/self/fd/1 "$top/dev/stdout"
ln -s /proc/self/fd/2 "$top/dev/stderr"
if [ -n "$hooks" ]; then
  mkdir "$top/run/pifarm-hooks"
  mount --bind -o ro "$hooks" "$top/run/pifarm-hooks"
fi

# Not `exec`: this shell stays as the process with the number 1, which gets the orphans.
status=0
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive PIFARM_TEMPLATE="${PIFARM_TEMPLATE-}" chroot "$top" "$@" || status=$?
exit "$status"
