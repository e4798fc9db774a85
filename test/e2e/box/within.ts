/** What this answers. Throws where that takes more than so many ms, and says what was waited for. */
export async function within<T>(longest: number, what: string, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    const why = () => reject(new Error(`${longest / 1000} s went by, waiting for ${what}`))
    timer = setTimeout(why, longest)
  })
  try {
    return await Promise.race([answer, tooLong])
  } finally {
    clearTimeout(timer)
  }
}
