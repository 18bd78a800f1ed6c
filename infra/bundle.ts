import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import * as z from 'zod';
import { packNgrams } from '../shared/adapters/ngram-table.ts';
import { ConfigurationError } from './settings.ts';

/** A function as it is deployed: one directory, one module. */
export interface Bundle {
  readonly name: string;
  /** Holds `index.mjs` and nothing that another bundle wrote. */
  readonly dir: string;
  readonly bytes: number;
  /** Bytes of each source in the bundle, by its path from the project's root. */
  readonly inputs: Readonly<Record<string, number>>;
}

/** Some dependencies of the AWS SDK are CommonJS and call `require`, which an ES module does not have. */
const banner = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);";

/**
 * Lambda puts a function's credentials into its environment and nowhere else. The SDK's default chain also looks in files, containers and
 * single sign-on, and loading the code for that costs every cold start some 20 ms.
 */
const environmentCredentials: Plugin = {
  name: 'environment-credentials',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path, resolveDir }) => ({
      path,
      namespace: 'environment-credentials',
      pluginData: resolveDir,
    }));
    onLoad({ filter: /.*/, namespace: 'environment-credentials' }, ({ pluginData }) => ({
      contents: `import { fromEnv } from '@aws-sdk/credential-provider-env'; export const defaultProvider = () => fromEnv();`,
      resolveDir: pluginData,
    }));
  },
};

const ngramsSchema = z.object({
  ngramsData: z.object({ ngrams: z.record(z.string(), z.record(z.string(), z.number())) }).catchall(z.json()),
});

/** The language detector's table is a megabyte of nested objects, of which a function needs few: packed, and opened as it is asked. */
const packedNgrams: Plugin = {
  name: 'packed-ngrams',
  setup({ onLoad, initialOptions }) {
    onLoad({ filter: /\/eld\/src\/ngrams\/\w+\.js$/ }, async ({ path }) => {
      const { ngrams, ...rest } = ngramsSchema.parse({ ...(await import(pathToFileURL(path).href)) }).ngramsData;
      // V8 reads JSON in a string several times faster than source.
      const json = JSON.stringify(JSON.stringify(packNgrams(ngrams)));
      return {
        contents: `import { openNgrams } from './shared/adapters/ngram-table.ts';
export const ngramsData = { ...${JSON.stringify(rest)}, ngrams: openNgrams(JSON.parse(${json})) };`,
        resolveDir: initialOptions.absWorkingDir ?? '.',
      };
    });
  },
};

/**
 * Bundles every `<functionsDir>/<name>/index.ts` into `<outDir>/<name>/index.mjs`, with all it imports: the AWS SDK too, because the
 * one in the runtime is neither pinned nor tree-shaken. The same sources give the same bytes.
 *
 * Names are kept and no source map is shipped: a stack trace in the log names our functions as they are written, and loading a map
 * costs every cold start some 30 ms.
 * @throws ConfigurationError with what esbuild says, when a function does not build.
 */
export async function bundleFunctions(paths: {
  readonly root: string;
  readonly functionsDir: string;
  readonly outDir: string;
}): Promise<readonly Bundle[]> {
  const names = readdirSync(paths.functionsDir)
    .filter((name) => existsSync(join(paths.functionsDir, name, 'index.ts')))
    .sort();
  const result = await build({
    absWorkingDir: paths.root,
    entryPoints: Object.fromEntries(names.map((name) => [`${name}/index`, join(paths.functionsDir, name, 'index.ts')])),
    outdir: paths.outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    banner: { js: banner },
    plugins: [environmentCredentials, packedNgrams],
    logLevel: 'silent',
  }).catch((error: unknown) => {
    throw error instanceof Error ? new ConfigurationError(error.message) : error;
  });
  return names.map((name) => {
    const dir = join(paths.outDir, name);
    const path = join(dir, 'index.mjs');
    const file = result.outputFiles.find((output) => output.path === path);
    const meta = result.metafile.outputs[relative(paths.root, path)];
    if (file === undefined || meta === undefined) throw new Error(`esbuild left out ${path}`);
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    writeFileSync(path, file.contents);
    return {
      name,
      dir,
      bytes: meta.bytes,
      inputs: Object.fromEntries(
        Object.entries(meta.inputs).map(([input, { bytesInOutput }]) => [input, bytesInOutput]),
      ),
    };
  });
}
