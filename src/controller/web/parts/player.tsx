import { useRef } from 'preact/hooks'
import type { MuxResult } from '../../../protocol/job.ts'
import { useHls } from '../live/use-hls.ts'
import { RenditionLadder } from './rendition-ladder.tsx'
import { Trouble } from './trouble.tsx'

/** Plays what was made, in the rendition that the browser finds fit or that a person chooses. */
export function Player({ result }: { result: MuxResult }) {
  const video = useRef<HTMLVideoElement>(null)
  const { levels, playing, chosen, choose, refusal } = useHls(video, urlOf(result.master))
  return (
    <section aria-labelledby="player" class="player">
      <h2 id="player">Play the result</h2>
      <div class="player-box">
        {/* biome-ignore lint/a11y/useMediaCaption: its subtitles come with the playlist, if it has any */}
        <video ref={video} controls playsInline preload="metadata" aria-label={result.master} />
        <RenditionLadder
          renditions={result.renditions}
          levels={levels}
          playing={playing}
          chosen={chosen}
          choose={choose}
        />
      </div>
      <Trouble refusal={refusal} />
    </section>
  )
}

function urlOf(path: string): string {
  return `/media/${path.split('/').map(encodeURIComponent).join('/')}`
}
