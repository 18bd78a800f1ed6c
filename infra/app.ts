import { Errors } from 'aws-cdk-lib';
import * as z from 'zod';
import { ConfigurationError } from './settings.ts';
import { synthesize } from './synthesize.ts';

// What the `cdk` command hands to the app it runs; both are absent when this file is run by itself.
const { CDK_OUTDIR, CDK_CONTEXT_JSON } = z
  .object({ CDK_OUTDIR: z.string().default('cdk.out'), CDK_CONTEXT_JSON: z.string().default('{}') })
  .parse(process.env);
const { stage } = z.object({ stage: z.string().default('dev') }).parse(JSON.parse(CDK_CONTEXT_JSON));

try {
  await synthesize({ stage, outDir: CDK_OUTDIR, buildDir: 'build/functions', review: true });
} catch (error) {
  // What the CDK refuses, findings of the security review among it, names its resource: where in our code it came up says no more.
  if (!(error instanceof ConfigurationError || Errors.isConstructError(error))) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
