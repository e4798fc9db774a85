import { runCommand } from './commands.ts'

/** The first lines of all files of these names below `top`, by path, by one `grep` for all. */
export async function firstLines(
  top: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const options = ['--recursive', '--no-messages', '--text', '--max-count=1', '--null']
  const included = names.map((name) => `--include=${name}`)
  const { stdout } = await runCommand(['grep', ...options, ...included, '--', '', top])
  const lines = stdout.split('\n').map((line) => line.split('\0'))
  return new Map(lines.flatMap(([path, line]) => (path && line ? [[path, line]] : [])))
}
