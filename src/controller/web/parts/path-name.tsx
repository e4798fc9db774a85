/** A path whose last part stands out; it may be of any length and in any script. */
export function PathName({ path }: { path: string }) {
  const cut = path.lastIndexOf('/') + 1
  return (
    <bdi class="path">
      {cut > 0 && <span class="path-dir">{path.slice(0, cut)}</span>}
      <span class="path-name">{path.slice(cut)}</span>
    </bdi>
  )
}
