import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const pageDir = join(import.meta.dirname, 'page');

interface PageFile {
  readonly type: string;
  /** gzip in base64. */
  readonly body: string;
  /** Whether its name changes with its content. */
  readonly immutable: boolean;
}

/** The page as it is served: its files by their paths. The same sources give the same bytes; rejects with what esbuild says. */
export async function buildPage(): Promise<Readonly<Record<string, PageFile>>> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(pageDir, 'main.tsx'), join(pageDir, 'style.css')],
    outdir: '/console',
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    // What only one page needs is loaded with it.
    splitting: true,
    absWorkingDir: pageDir,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    // The first that know `light-dark()`.
    target: ['chrome123', 'firefox121', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'silent',
  });
  const files: Record<string, PageFile> = {};
  const add = (path: string, type: string, content: string | Uint8Array, immutable: boolean) => {
    files[path] = { type, body: gzipSync(content, { level: 9 }).toString('base64'), immutable };
  };
  const pathOf = (name: string, extension: string) =>
    outputFiles.find(({ path }) => path.startsWith(`/console/${name}-`) && path.endsWith(extension))?.path ?? '';
  for (const { path, contents } of outputFiles) {
    add(path, path.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8', contents, true);
  }
  add('/console/icon.svg', 'image/svg+xml', readFileSync(join(pageDir, 'icon.svg')), false);
  const main = pathOf('main', '.js');
  const own = Object.entries(metafile.outputs).find(([path]) => main.endsWith(basename(path)))?.[1];
  // What the script imports is asked for with it, not after it.
  const preloads = (own?.imports ?? [])
    .filter(({ kind }) => kind === 'import-statement')
    .map(({ path }) => `<link rel="modulepreload" href="/console/${basename(path)}">`);
  const html = readFileSync(join(pageDir, 'index.html'), 'utf8');
  add(
    '/',
    'text/html; charset=utf-8',
    html
      .replace('./style.css', pathOf('style', '.css'))
      .replace('./main.tsx', main)
      .replace('<!-- preloads -->', preloads.join('')),
    false,
  );
  return files;
}
