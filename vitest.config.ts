import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Only against what never ends: real encoders and daemons take long where a machine is busy.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
})
