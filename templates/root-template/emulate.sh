# Makes the kernel run programs of another architecture through qemu, where it does not yet, or
# takes that away again.
#
#   sh emulate.sh on|off aarch64|arm
#
# Prints what it did, one word a line: `mounted` the kernel's list of interpreters, `registered`
# qemu in it. Ends with 3 where qemu is not installed. Run it in the machine's own mount namespace:
# since Linux 6.7 the list is gone as soon as nobody has it mounted.
set -eu
name=qemu-$2
list=/proc/sys/fs/binfmt_misc

on() {
  # A look inside also mounts it where systemd does that on demand.
  if [ ! -e "$list/register" ]; then
    mount -t binfmt_misc binfmt_misc "$list"
    echo mounted
  fi
  if [ -e "$list/$name" ]; then
    # Without F the kernel looks for qemu inside the root, where it is not.
    grep -qx enabled "$list/$name" && grep -q '^flags: .*F' "$list/$name" || {
      echo "$list/$name is not enabled, or has not the flag F" >&2
      exit 4
    }
    exit 0
  fi
  conf=/usr/lib/binfmt.d/$name.conf
  [ -e "$conf" ] || exit 3
  sed '/:[A-Z]*F[A-Z]*$/!s/$/F/' "$conf" >"$list/register"
  echo registered
}

off() {
  [ ! -e "$list/$name" ] || echo -1 >"$list/$name"
}

case $1 in
  on | off) "$1" ;;
  *) echo "neither on nor off: $1" >&2; exit 2 ;;
esac
