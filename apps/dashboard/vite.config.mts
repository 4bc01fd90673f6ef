import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import mantine from 'postcss-preset-mantine';
import { defineConfig, type Plugin } from 'vite';

const api = process.env['API_URL'] ?? 'http://127.0.0.1:3000';

export default defineConfig({
  root: import.meta.dirname,
  // Relative, because the page may live under any path prefix; `<base href>` says which (the api writes it in).
  base: './',
  // The @app/* of the root tsconfig.json.
  resolve: { tsconfigPaths: true },
  css: { postcss: { plugins: [mantine()] } },
  build: {
    outDir: join(import.meta.dirname, '../../dist/apps/dashboard'),
    emptyOutDir: true,
    target: 'es2022',
    // One style sheet, with index.html: a chunk whose own one failed to load would come back without it, as Vite asks for that only once.
    cssCodeSplit: false,
    // The charts: the one page that draws them waits for them.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      // "use client" of React's libraries is for servers that render.
      checks: { moduleLevelDirective: false },
      output: {
        codeSplitting: {
          groups: [
            // Changes with a dependency and not with a page: it stays in the cache over our releases.
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
          ],
        },
      },
    },
  },
  server: { proxy: { '/v1': api, '/session': api } },
  plugins: [baseOfTheDevServer(), compressed()],
});

/** What the api writes into the page. */
function baseOfTheDevServer(): Plugin {
  return {
    name: 'base-of-the-dev-server',
    apply: 'serve',
    transformIndexHtml: () => [{ tag: 'base', attrs: { href: '/' }, injectTo: 'head-prepend' }],
  };
}

/**
 * Once here instead of with every answer: the api serves the smallest one that the browser takes. Brotli's quality is one
 * below its best: 2 % larger, and the build waits for 1 s instead of 4 s.
 */
function compressed(): Plugin {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } };
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle: async ({ dir = '' }, bundle) => {
      const files = Object.keys(bundle).filter((file) => /\.(js|css|svg)$/.test(file));
      await Promise.all(
        files.map(async (name) => {
          const file = join(dir, name);
          const text = await readFile(file);
          const [br, gz] = await Promise.all([
            promisify(brotliCompress)(text, quality),
            promisify(gzip)(text, { level: 9 }),
          ]);
          await Promise.all([writeFile(`${file}.br`, br), writeFile(`${file}.gz`, gz)]);
        }),
      );
    },
  };
}
