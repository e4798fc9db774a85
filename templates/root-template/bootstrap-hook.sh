#!/bin/sh
# What mmdebstrap leaves to pifarm; it calls this at three stages with the root's directory:
#
#   setup      the packages that an earlier build has fetched go in
#   essential  the initramfs learns to mount a root over NFS, before a kernel asks for one
#   customize  what a Pi's firmware loads goes into /boot/firmware; the packages are kept
#
# PIFARM_ARCH: arm64, armhf or amd64. PIFARM_CACHE: where the packages are kept.
set -eu
root=$1
archives=$root/var/cache/apt/archives
boot=$root/boot/firmware

setup() {
  mkdir -p "$archives"
  find "$PIFARM_CACHE" -maxdepth 1 -name '*.deb' -exec cp -a -t "$archives" {} +
}

# The modules are named one by one: a Pi's network hangs on USB, on a controller that no list of
# network drivers has; and of all drivers there are, an initramfs takes minutes to make and to load.
essential() {
  mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/etc/initramfs-tools/hooks"
  printf 'BOOT=nfs\nMODULES=list\nCOMPRESS=gzip\n' >"$root/etc/initramfs-tools/conf.d/pifarm"
  cat >"$root/etc/initramfs-tools/hooks/pifarm" <<'HOOK'
#!/bin/sh
[ "${1-}" != prereqs ] || exit 0
. /usr/share/initramfs-tools/hook-functions
# Pi 3: dwc2 is the USB controller, smsc95xx (3B) and lan78xx (3B+) the network on it. Pi 4: genet.
manual_add_modules dwc2 phy-generic onboard_usb_hub onboard_usb_dev usbnet
manual_add_modules smsc95xx smsc lan78xx microchip genet mdio-bcm-unimac broadcom bcm-phy-lib
manual_add_modules gpio-raspberrypi-exp clk-raspberrypi raspberrypi-power reset-raspberrypi
# Boards in emulators.
manual_add_modules cdc_ether rndis_host virtio_net virtio_mmio virtio_pci
manual_add_modules af_packet nfs nfsv3
HOOK
  chmod 0755 "$root/etc/initramfs-tools/hooks/pifarm"
  # Several packages ask for an initramfs while they are installed; one at the end is enough.
  chroot "$root" dpkg-divert --quiet --local --rename --add /usr/sbin/update-initramfs
  mkdir -p "$root/usr/sbin"
  ln -s /bin/true "$root/usr/sbin/update-initramfs"
}

initramfs() {
  rm "$root/usr/sbin/update-initramfs"
  chroot "$root" dpkg-divert --quiet --local --rename --remove /usr/sbin/update-initramfs
  chroot "$root" update-initramfs -c -k all
}

customize() {
  mkdir -p "$boot"
  initramfs
  firmware
  kernel
  config >"$boot/config.txt"
  echo 'console=serial0,115200 console=tty1 root=/dev/nfs rw ip=dhcp rootwait' >"$boot/cmdline.txt"
  keep
}

# Under their names only when they are whole: this may be ended at any time.
keep() {
  partial=$PIFARM_CACHE/partial
  for deb in "$archives"/*.deb; do
    kept=$PIFARM_CACHE/${deb##*/}
    [ -e "$deb" ] && [ ! -e "$kept" ] || continue
    cp -a --reflink=auto -T "$deb" "$partial"
    mv -T "$partial" "$kept"
  done
}

# Unpacked, not installed: installed, it hooks itself into every kernel update and writes a
# configuration for booting from a card.
firmware() {
  dir=$(mktemp -d)
  (
    cd "$dir"
    APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q -o APT::Sandbox::User=root download raspi-firmware
    dpkg-deb -x raspi-firmware_*.deb .
  )
  cp "$dir"/usr/lib/raspi-firmware/* "$boot/"
  rm -rf "$dir"
}

kernel() {
  set -- "$root"/boot/vmlinuz-*
  [ -e "$1" ] || { echo 'no kernel was installed' >&2; exit 1; }
  version=${1##*/vmlinuz-}
  kind=8
  [ "$PIFARM_ARCH" != armhf ] || kind=7
  cp "$1" "$boot/kernel$kind.img"
  cp "$root/boot/initrd.img-$version" "$boot/initramfs$kind"
  dtbs=$root/usr/lib/linux-image-$version
  for dtb in "$dtbs"/broadcom/bcm2[78]*-rpi-*.dtb "$dtbs"/bcm2[78]*-rpi-*.dtb; do
    [ -e "$dtb" ] || continue
    name=${dtb##*/}
    cp "$dtb" "$boot/$name"
    # The firmware asks by the downstream kernel's names: 2710 for the 2837 of a Pi 3.
    case $name in
      bcm2837-*) cp "$dtb" "$boot/bcm2710-${name#bcm2837-}" ;;
      bcm2836-*) cp "$dtb" "$boot/bcm2709-${name#bcm2836-}" ;;
    esac
  done
}

config() {
  echo '# Written by pifarm: Debian, booted over the network.'
  if [ "$PIFARM_ARCH" = armhf ]; then
    printf 'arm_64bit=0\nkernel=kernel7.img\ninitramfs initramfs7 followkernel\n'
  else
    printf 'arm_64bit=1\nkernel=kernel8.img\ninitramfs initramfs8 followkernel\n'
  fi
  echo 'enable_uart=1'
}

case $MMDEBSTRAP_HOOK in
  setup | essential | customize) "$MMDEBSTRAP_HOOK" ;;
  *) echo "no such stage: $MMDEBSTRAP_HOOK" >&2; exit 1 ;;
esac
