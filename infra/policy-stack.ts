import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnDeployment, CfnHostedConfigurationVersion } from 'aws-cdk-lib/aws-appconfig';
import type { Construct } from 'constructs';
import type { PolicyStore } from './constructs/policy-store.ts';

interface PolicyStackProps extends StackProps {
  /** The compiled policy as JSON. */
  readonly content: string;
  readonly version: string;
  readonly store: PolicyStore;
}

/** What changes most often: the policy in force. Deployed by itself it reaches running functions within a minute of its turn in the rollout. */
export class PolicyStack extends Stack {
  constructor(scope: Construct, id: string, { content, version, store, ...props }: PolicyStackProps) {
    super(scope, id, props);
    const place = { applicationId: store.applicationId, configurationProfileId: store.profileId };
    const hosted = new CfnHostedConfigurationVersion(this, 'Version', {
      ...place,
      content,
      contentType: 'application/json',
      description: `Policy ${version}`,
    });
    // Versions before stay, to go back to.
    hosted.applyRemovalPolicy(RemovalPolicy.RETAIN);
    new CfnDeployment(this, 'Rollout', {
      ...place,
      environmentId: store.environmentId,
      deploymentStrategyId: store.strategyId,
      configurationVersion: hosted.ref,
      description: `Policy ${version}`,
    });
  }
}
