import { writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { buildPage } from '../console/build.ts';
import type { Policy } from '../shared/domain/policy.ts';
import { platforms } from '../shared/platforms/registry.ts';
import { type Bundle, bundleFunctions } from './bundle.ts';
import { compilePolicy, formatProblems } from './compile-policy.ts';
import type { FunctionName } from './pipeline-stack.ts';
import { ConfigurationError, readSettings } from './settings.ts';
import { addStacks, createApp } from './stacks.ts';

const root = resolve(import.meta.dirname, '..');

interface SynthesisOptions {
  /** Names the settings file `<settingsDir>/<stage>.yaml`. */
  readonly stage: string;
  /** Where the templates and assets go; made if absent. */
  readonly outDir: string;
  /** Default: `policy` of the project. */
  readonly policyDir?: string;
  /** Default: `infra/settings` of the project. */
  readonly settingsDir?: string;
  /** Default: `functions` of the project. */
  readonly functionsDir?: string;
  /** Where the bundles go before they become assets; default: `<outDir>/bundles`. */
  readonly buildDir?: string;
  /** Whether to fail on findings of the security rule packs; takes half a second, for what is going to be deployed. Default: no. */
  readonly review?: boolean;
}

export interface Synthesis {
  readonly outDir: string;
  readonly policy: Policy;
  readonly bundles: readonly Bundle[];
}

/**
 * Bundles the functions, compiles the policy and writes the CloudFormation templates of one stage. Needs no AWS account.
 * @throws ConfigurationError with one line per mistake, naming file and line: settings, policy, or a function that does not build.
 */
export async function synthesize(options: SynthesisOptions): Promise<Synthesis> {
  const outDir = resolve(options.outDir);
  /** The path that whoever started this would type. */
  const shown = (path: string) => {
    const fromHere = relative(process.cwd(), path);
    return fromHere.startsWith('..') ? path : fromHere;
  };
  const settings = readSettings(options.stage, shown(options.settingsDir ?? join(root, 'infra', 'settings')));
  const policyDir = resolve(options.policyDir ?? join(root, 'policy'));
  const compiled = compilePolicy(policyDir);
  if (!compiled.ok) {
    const problems = compiled.problems.map((problem) => ({ ...problem, file: shown(join(policyDir, problem.file)) }));
    throw new ConfigurationError(formatProblems(problems));
  }
  const { policy } = compiled;

  const [bundles, page] = await Promise.all([
    bundleFunctions({
      root,
      functionsDir: resolve(options.functionsDir ?? join(root, 'functions')),
      outDir: resolve(options.buildDir ?? join(outDir, 'bundles')),
    }),
    buildPage(),
  ]);
  const dirOf = (name: FunctionName) => {
    const bundle = bundles.find((candidate) => candidate.name === name);
    if (bundle === undefined) throw new ConfigurationError(`functions/${name}/index.ts: is missing`);
    return bundle.dir;
  };

  const { rolesClaim = 'roles', ...signIn } = settings.console ?? {};
  const consoleFile = { settings: settings.console === undefined ? {} : { signIn }, rolesClaim, page };
  writeFileSync(join(dirOf('serve-console'), 'console.json'), JSON.stringify(consoleFile));

  const app = createApp(outDir);
  addStacks(app, {
    stage: options.stage,
    settings,
    policy,
    platforms: platforms.map(({ name }) => name),
    code: {
      'receive-webhook': dirOf('receive-webhook'),
      'triage-messages': dirOf('triage-messages'),
      'sweep-timers': dirOf('sweep-timers'),
      'fire-timers': dirOf('fire-timers'),
      'record-outcomes': dirOf('record-outcomes'),
      'serve-console': dirOf('serve-console'),
      'poll-accounts': dirOf('poll-accounts'),
    },
  });
  if (options.review === true) {
    // Loaded here: reading all of its rules would slow down every start of the embedded run.
    const { reviewSecurity } = await import('./security-review.ts');
    reviewSecurity(app);
  }
  app.synth();
  return { outDir, policy, bundles };
}
