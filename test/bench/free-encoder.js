#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * An encoder that costs nothing, as that of a Pi is to its processor: `node free-encoder.js DIR ARGS`.
 * Pictures are decoded, filtered and thrown away; the streams are those of the first run, kept in DIR.
 */
const [kept = '', ...args] = process.argv.slice(2)
const encoder = 'h264_v4l2m2m'
const outputs = args.filter((word) => /^raw_\d+\.ts$/.test(word))
const isKept = outputs.every((name) => existsSync(join(kept, name)))
const words = []
for (let at = 0; at < args.length; at++) {
  if (args[at] !== '-c:v' || args[at + 1] !== encoder) words.push(args[at])
  else if (isKept) {
    words.push('-c:v', 'wrapped_avframe', '-f', 'null', '-')
    at = args.findIndex((word, place) => place > at && outputs.includes(word))
  } else {
    // x264 begins a group of pictures at each cut, which a Pi's encoder does not.
    words.push('-c:v', 'libx264', '-preset', 'veryfast', '-sc_threshold', '0')
    at++
  }
}
const strange = words.indexOf('-num_capture_buffers')
const plain = isKept || strange < 0 ? words : withoutBuffers(words)
const { status } = spawnSync('ffmpeg', plain, { stdio: 'inherit' })
for (const name of outputs)
  if (isKept) copyFileSync(join(kept, name), name)
  else copyFileSync(name, join(kept, name))
process.exitCode = status ?? 1

/** An option of the Pi's encoder alone. */
function withoutBuffers(all) {
  return all.filter(
    (word, at) => word !== '-num_capture_buffers' && all[at - 1] !== '-num_capture_buffers',
  )
}
