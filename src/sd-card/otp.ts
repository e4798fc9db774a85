/** One row of what `vcgencmd otp_dump` prints, e.g. 17; undefined where it is not there. */
export function otpRow(dump: string, row: number): number | undefined {
  const hex = new RegExp(`^${row}:([0-9a-fA-F]{8})\\s*$`, 'm').exec(dump)?.[1]
  return hex === undefined ? undefined : Number.parseInt(hex, 16)
}

/** Whether row 17 lets the board boot over USB, which its Ethernet hangs on: bit 29. */
export function hasNetbootFuse(row17: number): boolean {
  return ((row17 >>> 29) & 1) === 1
}
