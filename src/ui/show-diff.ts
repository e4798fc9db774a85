import { structuredPatch } from 'diff'
import type { Paint } from './paint.ts'
import { visible } from './visible.ts'

/** What changes between two texts, as unified hunks with three lines around, indented for a plan. */
export function showDiff(before: string, after: string, paint: Paint): string[] {
  const { hunks } = structuredPatch('', '', before, after, undefined, undefined, { context: 3 })
  return hunks.flatMap((hunk) => [
    `      ${paint.dim(`@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`)}`,
    ...hunk.lines.map((line) => {
      const shown = `      ${visible(line)}`
      if (line.startsWith('+')) return paint.add(shown)
      return line.startsWith('-') ? paint.remove(shown) : paint.dim(shown)
    }),
  ])
}
