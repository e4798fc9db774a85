/** The forms in which Raspberry Pi OS has left its config.txt. */
export const releaseConfigs = {
  buster:
    '# For more options see the documentation\n#hdmi_safe=1\ndtparam=audio=on\n\n[pi4]\ndtoverlay=vc4-fkms-v3d\nmax_framebuffers=2\n\n[all]\n#dtoverlay=vc4-fkms-v3d\n',
  bookworm:
    '# For more options see the documentation\ndtparam=audio=on\nauto_initramfs=1\narm_64bit=1\n\n[cm4]\notg_mode=1\n\n[all]\n',
  trixie:
    '# For more options see the documentation\nauto_initramfs=1\n\n[cm4]\notg_mode=1\n\n[cm5]\ndtoverlay=dwc2,dr_mode=host\n\n[all]\n',
}
