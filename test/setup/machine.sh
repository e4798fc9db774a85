#!/bin/bash
# A machine that lacks one Debian package, on which test/setup.js may do as it likes:
#
#   unshare --mount bash machine.sh
#
# Its apt-get is a stand-in: as a package would, it asks the policy and lets a daemon start at boot, by
# a unit and by a script of SysV. Then it ends; where there is /run/slow it is a minute later, and where there
# is /run/unpacks no SIGINT ends it before, as apt ignores it while dpkg is at work.
# Says `ready`, and is gone with its input.
set -eu
mount -t tmpfs -o mode=0755 machine /run
mkdir -p /run/machine/{sbin,etc,doc,bin}
cp -a /usr/sbin/. /run/machine/sbin/
cp -a /etc/. /run/machine/etc/
rm -f /run/machine/sbin/policy-rc.d
mkdir -p /run/machine/etc/systemd/system/multi-user.target.wants
cat >/run/machine/etc/systemd/system/pifarm-probe.service <<'UNIT'
[Service]
ExecStart=true
[Install]
WantedBy=multi-user.target
UNIT
cat >/run/machine/etc/init.d/pifarm-script <<'SCRIPT'
#!/bin/sh
### BEGIN INIT INFO
# Provides: pifarm-script
# Required-Start:
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
SCRIPT
cat >/run/machine/bin/apt-get <<'APT'
#!/bin/bash
[[ " $* " == *' install '* ]] || exit 0
[ ! -e /run/unpacks ] || trap '' INT
ln -s ../pifarm-probe.service /etc/systemd/system/multi-user.target.wants/
update-rc.d pifarm-script defaults
code=0
[ ! -x /usr/sbin/policy-rc.d ] || /usr/sbin/policy-rc.d probe start || code=$?
echo "$code" >/run/asked
[ ! -e /run/slow ] || exec sleep 60
[ ! -e /run/unpacks ] || sleep 2
touch /usr/share/doc/python3-seccomp/copyright
APT
chmod 0755 /run/machine/etc/init.d/pifarm-script /run/machine/bin/apt-get

mount --bind /run/machine/sbin /usr/sbin
mount --bind /run/machine/etc /etc
# By this test/setup.js tells whether the package is there.
mount --bind /run/machine/doc /usr/share/doc/python3-seccomp
echo ready
cat >/dev/null
