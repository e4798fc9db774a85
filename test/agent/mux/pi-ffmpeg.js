#!/usr/bin/env node
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Stands in for the ffmpeg of a Pi: `node pi-ffmpeg.js BEHAVIOUR,... ARGS`. What asks for the Pi's
 * encoder or decoder is done by libx264 and with the faults of the real ones; the rest is plain ffmpeg.
 *
 *   always    200 kbit/s without -b:v · a deadlock with fewer than 32 capture buffers · no B-frames
 *             · refuses more than 1920 · only the pixel format that `format=` names (default yuv420p)
 *   no-encoder   there is no such device
 *   gop60     a key frame every 60 frames, whatever -g says
 *   once      SPS and PPS before the first IDR only
 *   odd       refuses widths off the grid of 64
 *   garble    encodes something else
 *   hang      stops half-way and waits for ever
 *   short     stops half-way and ends with 0
 *   sessions=N   refuses more than N streams
 *   nv12      takes only nv12
 *   mpeg2     decodes MPEG-2 (without it: no licence)
 *   count=FILE   adds a line to FILE for each stream that it encodes
 */
const [flags = '', ...args] = process.argv.slice(2)
const has = (name) => flags.split(',').includes(name)
const value = (name) =>
  flags
    .split(',')
    .find((flag) => flag.startsWith(`${name}=`))
    ?.slice(name.length + 1)
const encoder = 'h264_v4l2m2m'

function refuse(line) {
  process.stderr.write(`[${encoder} @ 0x1] [error] ${line}\n`)
  process.exit(1)
}

/** An option that stands before an input is the input's. */
function isDecoder(at) {
  return args.includes('-i', at)
}

const rewritten = []
const outputs = []
let streams = 0
for (let at = 0; at < args.length; at++) {
  const isCodec = args[at] === '-c:v'
  if (isCodec && args[at + 1] === 'mpeg2_v4l2m2m') {
    if (!has('mpeg2')) refuse('Could not find a valid device')
    at++
  } else if (isCodec && args[at + 1] === encoder && isDecoder(at)) {
    refuse('Could not find a valid device')
  } else if (isCodec && args[at + 1] === encoder) {
    if (has('no-encoder')) refuse('Could not find a valid device')
    streams++
    const until = args.findIndex((word, place) => place > at && /^[^-].*\.(ts|m3u8)$/.test(word))
    const own = args.slice(at + 2, until)
    const option = (name) => (own.includes(name) ? own[own.indexOf(name) + 1] : undefined)
    outputs.push({ file: args[until] ?? '', buffers: Number(option('-num_capture_buffers') ?? 4) })
    const gop = has('gop60') ? '60' : (option('-g') ?? '12')
    rewritten.push('-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-bf', '0')
    rewritten.push('-b:v', option('-b:v') ?? '200k', '-maxrate', option('-b:v') ?? '200k')
    rewritten.push('-bufsize', option('-b:v') ?? '200k', '-keyint_min', gop, '-sc_threshold', '0')
    rewritten.push('-g', gop, '-pix_fmt', 'yuv420p')
    at++
  } else if (['-num_capture_buffers'].includes(args[at])) at++
  else if (streams > 0 && ['-b:v', '-g', '-bf'].includes(args[at])) at++
  else rewritten.push(args[at])
}

if (streams > 0) {
  const graph = args.join(' ')
  const formats = [...graph.matchAll(/format=(\w+)/g)].map(([, name]) => name)
  const wanted = has('nv12') ? 'nv12' : 'yuv420p'
  if (formats.some((format) => format !== wanted))
    refuse(`Encoder requires ${wanted} pixel format.`)
  for (const [, width, height] of graph.matchAll(/scale=(\d+):(\d+)/g)) {
    if (Number(width) > 1920 || Number(height) > 1920) refuse('Failed to set format')
    if (has('odd') && Number(width) % 64 !== 0) refuse(`Invalid argument: width ${width}`)
  }
  if (streams > Number(value('sessions') ?? 99)) refuse('Not enough GPU memory')
  for (const { file } of outputs)
    if (value('count') !== undefined) writeFileSync(value('count'), `${file}\n`, { flag: 'a' })
}
const deadlocks = outputs.some(({ buffers }) => buffers < 32)
const words =
  streams > 0 && has('garble')
    ? rewritten.map((word) => word.replace(/format=(yuv420p|nv12)/, 'negate,hflip,vflip,format=$1'))
    : rewritten
const halves = streams > 0 && (has('short') || has('hang') || deadlocks)
run(halves ? halved(words) : words)

/** Each output ends after half its time, or after two seconds where none was said. */
function halved(all) {
  if (!all.includes('-t'))
    return all.flatMap((word) => (word === '-muxdelay' ? ['-t', '2', word] : [word]))
  return all.map((word, at) => (all[at - 1] === '-t' ? String(Number(word) / 2) : word))
}

function run(all) {
  // Of a wrapper that is killed the program would be left.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'ffmpeg', ...all], {
    stdio: ['inherit', 'pipe', 'inherit'],
  })
  const hangs = streams > 0 && (has('hang') || deadlocks)
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    process.stdout.write(hangs ? piece.replaceAll('progress=end', 'progress=continue') : piece)
  })
  child.on('close', (code) => {
    if (streams > 0 && has('once')) for (const { file } of outputs) keepFirstHeaders(file)
    if (hangs) setInterval(() => process.stdout.write('progress=continue\n'), 1000)
    else process.exitCode = code ?? 1
  })
}

/** All SPS and PPS but the first become units of an unspecified type, which decoders skip. */
function keepFirstHeaders(file) {
  if (!file.endsWith('.ts')) return
  const bytes = readFileSync(file)
  const seen = new Set()
  for (let at = 0; at + 3 < bytes.length; at++) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue
    const type = bytes[at + 3]
    if (type !== 0x67 && type !== 0x68) continue
    if (seen.has(type)) bytes[at + 3] = 0x1e
    seen.add(type)
  }
  writeFileSync(file, bytes)
}
