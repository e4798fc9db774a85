# Shows what the real exportfs would make of a file, and touches nothing that lives.
#
#   unshare -mn --propagation private sh check-exports.sh TARGET ETC_EXPORTS EXPORTS_DIR <CANDIDATE
#
# TARGET is the file that the candidate is meant for: ETC_EXPORTS itself, or a file in EXPORTS_DIR.
# An empty candidate stands for no file. Prints the etab that would result and ends with the exit
# status of exportfs.
#
# `unshare` makes it harmless: every mount below is seen by this process alone and ends with it, and
# the kernel keeps one export cache per network namespace.
set -eu
export LC_ALL=C
target=$1
etc_exports=$2
exports_dir=$3

# Without `unshare` the mounts below would be the caller's own.
if [ "$(readlink /proc/$$/ns/mnt)" = "$(readlink "/proc/$PPID/ns/mnt")" ]; then
  echo 'run this in a mount namespace of its own' >&2
  exit 1
fi

# Mounted over an empty directory, the tmpfs leaves nothing behind on the disk. /mnt and /srv are
# no place for it: roots live there.
scratch=$(mktemp -d /run/pifarm-exports.XXXXXX)
trap 'cd /; umount -l "$scratch"; rmdir "$scratch"' EXIT
mount -t tmpfs -o mode=0755 pifarm "$scratch"
mkdir "$scratch/real" "$scratch/etc" "$scratch/nfs"
touch "$scratch/nfs/etab" "$scratch/nfs/rmtab"

# exportfs reads /etc/exports and /etc/exports.d and no others, and Debian has no /etc/exports.d
# to mount over: so /etc becomes a directory of links to the real one, in which these two are ours.
mount --rbind /etc "$scratch/real"
ln -s "$scratch"/real/* "$scratch"/real/.[!.]* "$scratch/etc/" 2>/dev/null || true
# nfs.conf goes too: it could name another state directory, the live one.
(cd "$scratch/etc" && rm -f exports exports.d nfs.conf nfs.conf.d)
mkdir "$scratch/etc/exports.d"
: >"$scratch/etc/exports"
[ ! -e "$etc_exports" ] || cat "$etc_exports" >"$scratch/etc/exports"
for file in "$exports_dir"/*.exports; do
  [ ! -e "$file" ] || cat "$file" >"$scratch/etc/exports.d/${file##*/}"
done

if [ "$target" = "$etc_exports" ]; then
  cat >"$scratch/etc/exports"
else
  cat >"$scratch/etc/exports.d/${target##*/}"
fi

mount --bind "$scratch/nfs" /var/lib/nfs
mount --rbind "$scratch/etc" /etc

status=0
exportfs -ra || status=$?
cat /var/lib/nfs/etab
umount -l /etc
umount -l /var/lib/nfs
exit "$status"
