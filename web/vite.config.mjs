/** Builds the desk into dist/desk. Its addresses are relative, for a proxy that serves Ringback under a path prefix. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { defineConfig } from 'vite';

/** Smaller files take one packet with or without. */
const MIN_BYTES = 1_000;

// Tests build it too, with another value; React would then be that of developers, which runs each effect twice.
process.env.NODE_ENV = 'production';

/** Once for all clients, at the best level. */
const withGzip = () => ({
  name: 'gzip',
  apply: 'build',
  writeBundle({ dir }) {
    for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(?:js|css|svg)$/.test(name)) continue;
      const bytes = readFileSync(join(dir, name));
      if (bytes.length >= MIN_BYTES) writeFileSync(join(dir, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    }
  },
});

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [withGzip()],
  build: {
    outDir: fileURLToPath(new URL('../dist/desk', import.meta.url)),
    emptyOutDir: true,
    // light-dark() is there since these.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // A data: address would need a hole in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: true,
    // What a first look loads is tested: test/desk/pages.test.ts.
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      // How long plugins take is of no use to whoever starts the service.
      checks: { pluginTimings: false },
      // Libraries mark their parts "use client", for servers that render; there is none.
      onwarn: (warning, report) => {
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') report(warning);
      },
    },
  },
});
