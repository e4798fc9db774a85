import { defineConfig } from 'vitest/config'

/** A whole farm of emulated machines: `npm run e2e`. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    // One farm takes both cores.
    fileParallelism: false,
    testTimeout: 7_200_000,
    hookTimeout: 3_600_000,
  },
})
