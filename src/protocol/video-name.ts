/** As files are called whose containers the agents open (src/agent/ffmpeg/input-args.ts) and that hold pictures. */
const endings = [
  ...['3g2', '3gp', 'f4v', 'm4v', 'mj2', 'mov', 'mp4', 'qt'],
  ...['mk3d', 'mkv', 'webm'],
  ...['m2t', 'm2ts', 'mts', 'trp', 'ts'],
  ...['evo', 'm1v', 'm2p', 'm2v', 'mpe', 'mpeg', 'mpg', 'mpv', 'vob'],
  ...['asf', 'avi', 'divx', 'dv', 'flv', 'gxf', 'mxf', 'nut', 'wmv', 'wtv'],
  ...['ogm', 'ogv', 'rm', 'rmvb'],
  ...['264', '265', 'h264', 'h265', 'hevc', 'ivf'],
]

/** Whether a file is a video by its name. What it really is, a muxer finds out. */
export function hasVideoName(name: string): boolean {
  const dot = name.lastIndexOf('.')
  return dot > 0 && endings.includes(name.slice(dot + 1).toLowerCase())
}
