import type Hls from 'hls.js'
import type { Level } from 'hls.js'
import workerPath from 'hls.js/dist/hls.worker.js'
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { asRefusal, Refusal } from './ask.ts'

export interface Playing {
  /** As the master playlist has them; empty where the browser plays by itself. */
  readonly levels: readonly Level[]
  /** Which of them is played; -1 before the first. */
  readonly playing: number
  /** -1: the player chooses. */
  readonly chosen: number
  readonly refusal: Refusal | undefined
  choose(level: number): void
}

/** Plays a master playlist in a video element. hls.js is loaded only where something is played. */
export function useHls(video: RefObject<HTMLVideoElement | null>, url: string): Playing {
  const [levels, setLevels] = useState<readonly Level[]>([])
  const [playing, setPlaying] = useState(-1)
  const [chosen, setChosen] = useState(-1)
  const [refusal, setRefusal] = useState<Refusal>()
  const player = useRef<Hls>(null)
  const wanted = useRef(-1)
  const isBuffered = useRef(false)

  useEffect(() => {
    let isGone = false
    const start = async (): Promise<void> => {
      const { default: HlsClass } = await import('hls.js')
      const element = video.current
      if (isGone || element === null) return
      if (!HlsClass.isSupported()) {
        element.src = url
        return
      }
      const hls = new HlsClass({ workerPath })
      player.current = hls
      hls.on(HlsClass.Events.MANIFEST_PARSED, (_, data) => setLevels(data.levels))
      hls.on(HlsClass.Events.LEVEL_SWITCHED, (_, { level }) => setPlaying(level))
      // A switch while the very first fragment is put into the buffer may leave it empty for ever.
      hls.once(HlsClass.Events.FRAG_BUFFERED, () => {
        isBuffered.current = true
        if (wanted.current !== -1) switchTo(hls, wanted.current)
      })
      hls.on(HlsClass.Events.ERROR, (_, { fatal, details, response }) => {
        if (!fatal) return
        const isMissing = response?.code === 404
        const hint = isMissing ? 'its files were moved or deleted' : `the player says ${details}`
        setRefusal(new Refusal(response?.code ?? 0, 'this cannot be played', hint))
      })
      hls.loadSource(url)
      hls.attachMedia(element)
    }
    start().catch((error) => setRefusal(asRefusal(error)))
    return () => {
      isGone = true
      player.current?.destroy()
    }
  }, [video, url])

  return {
    levels,
    playing,
    chosen,
    refusal,
    choose: (level) => {
      setChosen(level)
      wanted.current = level
      if (player.current !== null && isBuffered.current) switchTo(player.current, level)
    },
  }
}

function switchTo(hls: Hls, level: number): void {
  // The one on screen, or none in particular: what was fetched need not be thrown away.
  if (level === -1 || level === hls.currentLevel) hls.nextLevel = level
  else hls.currentLevel = level
}
