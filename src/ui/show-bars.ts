import { percentBar } from './progress.ts'
import type { BarDisplay } from './ui.ts'
import { visible } from './visible.ts'

/** Plain lines for a log or a pipe: one when something else is being done, one at the end. */
export function lineBars(titles: readonly string[], write: (text: string) => void): BarDisplay {
  const over = new Set<number>()
  const told = new Map<number, string>()
  const tell = (index: number, text: string): void => {
    if (over.has(index)) return
    write(`${titles[index]}: ${visible(text)}\n`)
  }
  const close = (index: number, text: string): void => {
    tell(index, text)
    over.add(index)
  }
  return {
    at(index, _percent, what) {
      // What comes after two blanks are numbers, which change all the time.
      const [step = ''] = what.split('  ')
      if (told.get(index) === step) return
      told.set(index, step)
      tell(index, step)
    },
    done: (index) => close(index, 'done'),
    fail: (index, why) => close(index, `failed: ${why}`),
    note: (line) => write(`${visible(line)}\n`),
    end: async () => undefined,
  }
}

/** Bars that are redrawn in their places. */
export function redrawnBars(
  titles: readonly string[],
  stderr: Pick<NodeJS.WriteStream, 'write' | 'columns'>,
): BarDisplay {
  const lines = titles.map((title) => `  ${title}`)
  let drawn = 0
  let remark = ''
  const draw = (): void => {
    const all = remark === '' ? lines : [...lines, remark]
    const up = drawn > 0 ? `\u001b[${drawn}A` : ''
    // A line that wraps would count as two.
    const fitting = all.map((line) => `\u001b[2K${line.slice(0, (stderr.columns || 80) - 1)}\n`)
    stderr.write(`${up}\r${fitting.join('')}\u001b[J`)
    drawn = all.length
  }
  const put = (index: number, line: string): void => {
    lines[index] = line
    draw()
  }
  draw()
  return {
    at(index, percent, what) {
      const bar = percent === undefined ? '' : `  ${percentBar(percent)}`
      put(index, `  ${titles[index]}${bar}  ${visible(what)}`)
    },
    done: (index) => put(index, `✔ ${titles[index]}`),
    fail: (index, why) => put(index, `✖ ${titles[index]}: ${visible(why)}`),
    note(line) {
      remark = visible(line)
      draw()
    },
    end: async () => undefined,
  }
}
