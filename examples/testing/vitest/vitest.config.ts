import { defineConfig } from 'vitest/config'

// The compiled tests. Your own project would name its TypeScript.
export default defineConfig({ test: { include: ['**/*.test.js'] } })
