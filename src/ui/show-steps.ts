import { bar } from './progress.ts'
import type { HowFar, StepDisplay } from './ui.ts'
import { visibleLines } from './visible.ts'

/**
 * A line a step: `clone HLSPi1 ... done`. With the columns of a terminal the line is redrawn with how
 * far the step is; in a log or a pipe that would be lines without end.
 */
export function lineSteps(
  titles: readonly string[],
  write: (text: string) => void,
  columns?: () => number,
): StepDisplay {
  let open: number | undefined
  let progress = barOf()
  /** What wraps would stay where it is when its line is redrawn. */
  const redraw = (title: string, rest: string) => {
    const room = Math.max(0, (columns?.() ?? 0) - 1 - rest.length)
    const cut = title.length > room ? `${title.slice(0, Math.max(0, room - 1))}…` : title
    write(`\r\u001b[K${cut}${rest}`)
  }
  const close = (text: string) => {
    if (open !== undefined) write(columns ? `\r\u001b[K${titles[open]} ... ${text}` : text)
    open = undefined
  }
  return {
    start(index) {
      close('\n')
      const title = titles[index] ?? ''
      if (columns) redraw(title, ' ... ')
      else write(`${title} ... `)
      open = index
      progress = barOf()
    },
    at(index, how) {
      if (columns && open === index) redraw(titles[index] ?? '', progress(how))
    },
    done: () => close('done\n'),
    fail: (_, why) => close(`failed: ${visibleLines(why)}\n`),
    end: async () => close('not done\n'),
  }
}

/** A list that is redrawn in place while the steps run one after the other. */
export function listSteps(
  titles: readonly string[],
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WriteStream,
): StepDisplay {
  const steps = titles.map((title) => ({
    title,
    ended: deferred(),
    progress: barOf(),
    shown: title,
  }))
  let show = () => {}
  const ran = runList()

  async function runList(): Promise<void> {
    const { Listr, ListrLogger, ProcessOutput } = await import('listr2')
    const list = new Listr(
      steps.map((step) => ({
        title: step.title,
        task: async (_: unknown, task: { title: string | undefined }) => {
          show = () => {
            task.title = step.shown
          }
          show()
          await step.ended.promise.finally(show)
        },
      })),
      {
        // It would call process.exit on Ctrl-C, and nothing would be put back.
        registerSignalListeners: false,
        rendererOptions: {
          // What it takes for stdout is where it draws: telling belongs on stderr.
          logger: new ListrLogger({
            useIcons: true,
            processOutput: new ProcessOutput(stderr, stdout),
          }),
          collapseErrors: false,
        },
      },
    )
    // The step that failed is marked; who called `fail` goes on with the error.
    await list.run().catch(() => {})
  }

  return {
    start(index) {
      const step = steps[index]
      if (step) step.progress = barOf()
    },
    at(index, how) {
      const step = steps[index]
      if (!step) return
      step.shown = `${step.title}${step.progress(how)}`
      show()
    },
    done(index) {
      const step = steps[index]
      if (!step) return
      step.shown = step.title
      step.ended.resolve()
    },
    // What failed is often told in a daemon's own words.
    fail: (index, why) => steps[index]?.ended.reject(new Error(visibleLines(why))),
    async end() {
      for (const step of steps) step.ended.reject(new Error('not done'))
      await ran
    },
  }
}

/** What is shown behind the title of a step that has just begun. Each part of it has its own rate. */
function barOf(): (how: HowFar) => string {
  let current: string | undefined
  let started = performance.now()
  return (how) => {
    if (how.part !== current) started = performance.now()
    current = how.part
    const part = current === undefined ? '' : `: ${current}`
    return `${part}  ${bar(how, performance.now() - started)}`.trimEnd()
  }
}

interface Deferred {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: Error): void
}

function deferred(): Deferred {
  let settle: Pick<Deferred, 'resolve' | 'reject'> | undefined
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // A step that is never reached is nobody's unhandled rejection.
  promise.catch(() => {})
  return {
    promise,
    resolve: () => settle?.resolve(),
    reject: (error) => settle?.reject(error),
  }
}
