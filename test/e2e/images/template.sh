#!/bin/bash
# Builds a template with `pifarm template build --bootstrap` on the disk of the NAS, entered without
# the NAS's own kernel, as from a rescue system: Debian's hundreds of packages take minutes here, and
# the better part of an hour in a User-Mode-Linux guest.
#
#   bash template.sh INTO BASE PIFARM PACKAGES HOOKS ARCHITECTURE
#
# Run it in mount and process namespaces of its own. BASE: the NAS; PIFARM: laid over it; PACKAGES:
# Debian's packages are kept there. INTO gets the template and what pifarm knows of it.
set -eu
into=$1
base=$2
pifarm=$3
packages=$4
hooks=$5
architecture=$6
nas=$into/nas

mkdir -p "$into"/{roots,upper,work,nas} "$packages"
# pifarm keeps others out of its state, and this one's alone: two trees of work may build at once.
exec 9>"$packages/.lock"
flock --nonblock 9 || { echo 'waits for another build, which has the packages'; flock 9; }
mount -t overlay overlay -o "lowerdir=$pifarm:$base,upperdir=$into/upper,workdir=$into/work" "$nas"
mkdir -p "$nas"/{mnt/PiRoots,var/lib/pifarm/packages,etc/pifarm,run/hooks}
mount --bind "$into/roots" "$nas/mnt/PiRoots"
mount --bind "$packages" "$nas/var/lib/pifarm/packages"
mount -t proc proc "$nas/proc"
mount --rbind /sys "$nas/sys"
mount --rbind /dev "$nas/dev"
mount -t tmpfs tmpfs "$nas/run"
mkdir "$nas/run/hooks"
mount --bind "$hooks" "$nas/run/hooks"
cp -L /etc/resolv.conf "$nas/etc/resolv.conf"
# Not on the disk of the NAS, which runs nothing that is built for arm64.
[ "$architecture" = amd64 ] || chroot "$nas" sh -c 'apt-get -q update && apt-get -qy install qemu-user-static'
cat >"$nas/etc/pifarm/farm.yaml" <<FARM
nas: {address: 10.77.0.1, interface: vec0}
network: {subnet: 10.77.0.0/24, addresses: 10.77.0.50-10.77.0.99}
# Of another name than the one that is built: laying its boot files is for the farm that `init` makes.
defaults: {template: none}
pis: []
FARM
hooked=()
[ -z "$(ls -A "$hooks")" ] || hooked=(--hook-dir /run/hooks)
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  chroot "$nas" pifarm template build template --bootstrap bookworm --arch "$architecture" \
  --ssh-key /root/.ssh/id_ed25519.pub --controller http://10.77.0.1:8080 --media 10.77.0.1:/srv/media \
  "${hooked[@]}"
mkdir "$into/state"
cp -a "$nas/var/lib/pifarm/templates" "$into/state/"
