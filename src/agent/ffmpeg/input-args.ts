/**
 * Containers that hold their media themselves. Playlists, concat lists and the like are left out: such
 * an "input" would make ffmpeg read what else it names, and put that on show.
 */
const containers = [
  'mov,mp4,m4a,3gp,3g2,mj2',
  'matroska,webm',
  'mpegts',
  'mpeg',
  'mpegvideo',
  'avi',
  'asf',
  'flv',
  'live_flv',
  'ogg',
  'rm',
  'mxf',
  'gxf',
  'nut',
  'dv',
  'wtv',
  'h264',
  'hevc',
  'ivf',
  'mp3',
  'aac',
  'ac3',
  'eac3',
  'flac',
  'wav',
  'w64',
  'aiff',
  'caf',
  'ape',
  'tta',
  'wv',
]

/** For a file from outside; the path is absolute, so that it is no option and no URL. */
export function foreignInput(path: string): readonly string[] {
  const allowed = ['-protocol_whitelist', 'file', '-format_whitelist', containers.join(',')]
  // A broadcast says only now and then what is in it.
  const patience = ['-analyzeduration', '20M', '-probesize', '20M']
  return [...allowed, ...patience, '-i', `file:${path}`]
}

/** For a stream that we made ourselves. */
export function ownStream(path: string, format: string): readonly string[] {
  return ['-protocol_whitelist', 'file', '-f', format, '-i', path]
}

/** For a playlist that we made ourselves, with its key where it has one. */
export function ownPlaylist(path: string): readonly string[] {
  return ['-protocol_whitelist', 'file,crypto', '-allowed_extensions', 'ALL', '-i', path]
}
