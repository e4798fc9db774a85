# Copies an ext filesystem out of a disk image.
#
#   sh copy-partition.sh IMAGE OFFSET SIZE MOUNT_POINT INTO
#
# Run it in a mount namespace of its own: the mount and its loop device end with it. The kernel need
# not know the image's partition table, for many do not read one on a loop device.
set -eu
mount -t ext4 -o "ro,loop,offset=$2,sizelimit=$3,nodev,nosuid,noexec" "$1" "$4"
# It takes the place of this shell, so that what it has written is counted under one number.
exec cp -a -x -T "$4" "$5"
