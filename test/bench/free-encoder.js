#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { linkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * An encoder that costs nothing, as that of a Pi is to its processor: `node free-encoder.js DIR ARGS`
 * encodes with x264, once, and leaves its streams in DIR beside a script `again`. That decodes, filters and throws
 * the pictures away, and gives the same streams; a program that chose anew each time would take time of its own.
 */
const [kept = '', ...args] = process.argv.slice(2)
const encoder = 'h264_v4l2m2m'
const outputs = args.filter((word) => /^raw_\d+\.ts$/.test(word))
const encoding = []
const discarding = []
for (let at = 0; at < args.length; at++) {
  const word = args[at] ?? ''
  if (word !== '-c:v' || args[at + 1] !== encoder) {
    encoding.push(word)
    discarding.push(word)
    continue
  }
  const end = args.findIndex((each, place) => place > at && outputs.includes(each))
  // x264 begins a group of pictures at each cut, which a Pi's encoder does not.
  encoding.push('-c:v', 'libx264', '-preset', 'veryfast', '-sc_threshold', '0')
  encoding.push(...withoutBuffers(args.slice(at + 2, end + 1)))
  discarding.push('-c:v', 'wrapped_avframe', '-f', 'null', '-')
  at = end
}
const { status } = spawnSync('ffmpeg', encoding, { stdio: 'inherit' })
const streams = outputs.map((name) => join(kept, name))
for (const [at, name] of outputs.entries()) linkSync(name, streams[at])
const again = ['ffmpeg', ...discarding].map(quoted).join(' ')
const given = ['ln', ...streams, '.'].map(quoted).join(' ')
writeFileSync(join(kept, 'again'), `${again} && exec ${given}\n`)
process.exitCode = status ?? 1

/** An option of the Pi's encoder alone. */
function withoutBuffers(words) {
  return words.filter(
    (word, at) => word !== '-num_capture_buffers' && words[at - 1] !== '-num_capture_buffers',
  )
}

function quoted(word) {
  return `'${word.replaceAll("'", "'\\''")}'`
}
