const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** `1.4 GB` */
export function size(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power]}`
}

/** `2.1 Mbit/s` */
export function bitrate(bitsPerSecond: number): string {
  if (bitsPerSecond < 1_000_000) return `${Math.round(bitsPerSecond / 1000)} kbit/s`
  return `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s`
}

/** `1 job`, `2 jobs` */
export function count(many: number, one: string, several = `${one}s`): string {
  return `${many} ${many === 1 ? one : several}`
}
