import { defineConfig } from 'vitest/config'

/** What takes a quarter of an hour and the network: `npm run test:slow`. */
export default defineConfig({
  test: {
    include: ['test/**/*.slow.ts'],
    testTimeout: 300_000,
    hookTimeout: 3_600_000,
  },
})
