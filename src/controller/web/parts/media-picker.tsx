import { useState } from 'preact/hooks'
import { hasVideoName } from '../../../protocol/video-name.ts'
import type { MediaListing } from '../../../protocol/views.ts'
import { useAsked } from '../live/use-asked.ts'
import { linkTo } from '../route.ts'
import { size } from '../words/amount.ts'
import { Trouble } from './trouble.tsx'

interface MediaPickerProps {
  readonly dir: string
  readonly chosen: string | undefined
  choose(path: string, isMade: boolean): void
}

type Entry = MediaListing['entries'][number]

/** As many as the controller lists. */
const most = 5000

/** One directory of the media directory: its directories to go into, its files to choose from. */
export function MediaPicker({ dir, chosen, choose }: MediaPickerProps) {
  const { answer, refusal } = useAsked<MediaListing>(`/v1/media?dir=${encodeURIComponent(dir)}`)
  const [isAll, setAll] = useState(false)
  const entries = answer?.entries ?? []
  const made = new Set(entries.filter(({ kind }) => kind === 'hls').map(({ name }) => name))
  const dirs = entries.filter(({ kind }) => kind === 'dir')
  const files = entries.filter(({ kind }) => kind === 'file')
  const videos = isAll ? files : files.filter(({ name }) => hasVideoName(name))
  const hidden = files.length - videos.length
  return (
    <div class="card picker">
      <Crumbs dir={dir} />
      <Trouble refusal={refusal} />
      {answer === undefined && refusal === undefined && <p class="empty">Looking…</p>}
      {dirs.length > 0 && (
        <ul class="dirs" aria-label="Directories">
          {dirs.map(({ name }) => (
            <li key={name}>
              <a href={linkTo('submit', { dir: below(dir, name) })}>
                <bdi>{name}</bdi>
              </a>
            </li>
          ))}
        </ul>
      )}
      {videos.length > 0 && (
        <fieldset class="files">
          <legend class="unseen">Files</legend>
          {videos.map((entry) => (
            <FileChoice
              key={entry.name}
              entry={entry}
              isMade={made.has(`${entry.name}.hls`)}
              isChosen={chosen === below(dir, entry.name)}
              choose={(isMade) => choose(below(dir, entry.name), isMade)}
            />
          ))}
        </fieldset>
      )}
      {answer !== undefined && videos.length === 0 && (
        <p class="empty">
          {dirs.length === 0 ? 'No video is in this directory.' : 'No video lies here itself.'}
        </p>
      )}
      {entries.length >= most && <p class="note">Only the first {most} names are shown.</p>}
      {(hidden > 0 || isAll) && (
        <label class="check">
          <input
            type="checkbox"
            checked={isAll}
            onChange={(event) => setAll(event.currentTarget.checked)}
          />
          Show files that are no videos by their names, too
        </label>
      )}
    </div>
  )
}

interface FileChoiceProps {
  readonly entry: Entry
  readonly isMade: boolean
  readonly isChosen: boolean
  choose(isMade: boolean): void
}

function FileChoice({ entry, isMade, isChosen, choose }: FileChoiceProps) {
  return (
    <label class="file">
      <input type="radio" name="file" checked={isChosen} onChange={() => choose(isMade)} />
      <bdi class="file-name">{entry.name}</bdi>
      {isMade && <span class="badge good">has HLS</span>}
      <span class="file-size">{entry.bytes === null ? '' : size(entry.bytes)}</span>
    </label>
  )
}

function Crumbs({ dir }: { dir: string }) {
  const parts = dir === '' ? [] : dir.split('/')
  return (
    <nav class="crumbs" aria-label="Where you are in the media directory">
      <a href={linkTo('submit')} aria-current={dir === '' ? 'location' : undefined}>
        media
      </a>
      {parts.map((part, index) => {
        const path = parts.slice(0, index + 1).join('/')
        return (
          <a
            key={path}
            href={linkTo('submit', { dir: path })}
            aria-current={path === dir ? 'location' : undefined}
          >
            <bdi>{part}</bdi>
          </a>
        )
      })}
    </nav>
  )
}

function below(dir: string, name: string): string {
  return dir === '' ? name : `${dir}/${name}`
}
