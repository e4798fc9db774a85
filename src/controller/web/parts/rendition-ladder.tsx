import type { Level } from 'hls.js'
import type { RenditionResult } from '../../../protocol/job.ts'
import { bitrate } from '../words/amount.ts'

interface RenditionLadderProps {
  readonly renditions: readonly RenditionResult[]
  readonly levels: readonly Level[]
  readonly playing: number
  readonly chosen: number
  choose(level: number): void
}

/** The renditions as they were measured, the best first; each can be chosen to be played. */
export function RenditionLadder(props: RenditionLadderProps) {
  const { renditions, levels, playing, chosen, choose } = props
  const best = [...renditions].sort((one, other) => other.bandwidth - one.bandwidth)
  const levelOf = (rendition: RenditionResult): number =>
    levels.findIndex(({ url }) =>
      url.some((each) => each.endsWith(`/${encodeURIComponent(rendition.playlist)}`)),
    )
  return (
    <fieldset class="ladder">
      <legend>Rendition</legend>
      <label class="rung">
        <input type="radio" name="rendition" checked={chosen === -1} onChange={() => choose(-1)} />
        <span class="rung-name">Automatic</span>
        <span class="rung-facts">as the connection allows</span>
      </label>
      {best.map((rendition) => {
        const level = levelOf(rendition)
        return (
          <label key={rendition.playlist} class="rung">
            <input
              type="radio"
              name="rendition"
              disabled={level === -1}
              checked={level !== -1 && chosen === level}
              onChange={() => choose(level)}
            />
            <span class="rung-name">
              {nameOf(rendition)}
              {level !== -1 && level === playing && <span class="badge busy">on screen</span>}
            </span>
            <span class="rung-facts">
              {bitrate(rendition.averageBandwidth)}, at most {bitrate(rendition.bandwidth)}
              {rendition.framesPerSecond > 0 &&
                ` · ${Math.round(rendition.framesPerSecond)} frames/s`}
              {` · ${rendition.codecs}`}
            </span>
          </label>
        )
      })}
    </fieldset>
  )
}

function nameOf({ width, height }: RenditionResult): string {
  return height === 0 ? 'Sound only' : `${width} × ${height}`
}
