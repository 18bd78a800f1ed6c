import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { acknowledgements, reviewSecurity } from '../../infra/security-review.ts';
import { createApp } from '../../infra/stacks.ts';
import { deploy, fullSettingsText } from './deployment.ts';

/** What the packs find, as `rule path`. */
function findings(root: IConstruct, ...packs: readonly NagPack[]): { rule: string; path: string }[] {
  return packs.flatMap((pack) =>
    (pack.validateScope(root).violations ?? []).flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => ({ rule: ruleName, path: constructPath ?? '' })),
    ),
  );
}

describe('the security review', () => {
  const { app } = deploy(fullSettingsText);
  const packs = [new AwsSolutionsChecks(app), new ServerlessChecks(app)];
  const found = findings(app, ...packs);

  it('finds nothing that is not acknowledged with a reason', () => {
    expect(
      found.filter(({ rule, path }) => !acknowledgements.some((known) => known.rule === rule && known.at.test(path))),
    ).toEqual([]);
  });

  it.each(acknowledgements)('still has to acknowledge $rule at $at', ({ rule, at, reason }) => {
    expect(found.some((finding) => finding.rule === rule && at.test(finding.path))).toBe(true);
    expect(reason).toMatch(/^[A-Z].{60,}\.$/);
  });

  it('lets the app pass that it has looked at, resource by resource', () => {
    const reviewed = deploy(fullSettingsText).app;
    reviewSecurity(reviewed);
    expect(findings(reviewed, ...packs)).toEqual([]);
    expect(() => reviewed.synth()).not.toThrow();
  });

  it('fails the synth on what is not acknowledged', () => {
    const outDir = mkdtempSync(join(tmpdir(), 'vigie-careless-'));
    const careless = createApp(outDir);
    new Queue(new Stack(careless, 'Careless'), 'Open');
    reviewSecurity(careless);
    expect(() => careless.synth()).toThrow('AwsSolutions-SQS3');
    rmSync(outDir, { recursive: true });
  });
});
