#!/bin/sh
# Stands for `reboot`: what the firmware does on the way up, then the connection really drops, and
# sshd comes back a while later, unless `stays-away` says otherwise.
dir=$(dirname "$(dirname "$0")")
if [ -e "$dir/no-reboot" ]; then
    echo 'Operation inhibited' >&2
    exit 1
fi
listener=$(cat "$dir/sshd.pid")
# The sshd that serves this very session.
session=$PPID
while :; do
    parent=$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$session/stat")
    [ "$parent" = "$listener" ] && break
    session=$parent
done
setsid sh -c '
    sleep 0.3
    # For a user who is not root sshd has a second process, which holds the connection.
    kill -9 "$3" $(cat "/proc/$3/task/$3/children")
    # A machine that goes down slowly still answers for a while.
    [ -e "$1/lingers" ] && sleep 3
    kill -9 "$2"
    [ -e "$1/stays-away" ] && exit
    sleep 1
    if [ ! -e "$1/weak-firmware" ]; then
        grep -q "^program_usb_boot_mode=1" /boot/firmware/config.txt && sed -i s/^17:1/17:3/ "$1/otp"
        [ -e "$1/eeprom.new" ] && mv "$1/eeprom.new" "$1/eeprom"
    fi
    cat /proc/sys/kernel/random/uuid >"$1/boot_id"
    exec "$1/bin/start-sshd"
' sh "$dir" "$listener" "$session" >/dev/null 2>&1 </dev/null &
