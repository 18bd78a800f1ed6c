import { CfnMicrosoftTeamsChannelConfiguration, CfnSlackChannelConfiguration } from 'aws-cdk-lib/aws-chatbot';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';

/**
 * Shows what the topics tell in the channels of the settings, through Amazon Q Developer in chat applications (AWS Chatbot until 2025). The channels can
 * do nothing: their role has no permission, and the guardrail denies everything besides.
 */
export function tellInChat(scope: Construct, stage: string, chat: Settings['chat'], topics: readonly ITopic[]): void {
  if (chat.slack === undefined && chat.teams === undefined) return;
  const construct = new Construct(scope, 'Chat');
  const common = {
    configurationName: `vigie-${stage}`,
    iamRoleArn: new Role(construct, 'Role', { assumedBy: new ServicePrincipal('chatbot.amazonaws.com') }).roleArn,
    guardrailPolicies: ['arn:aws:iam::aws:policy/AWSDenyAll'],
    snsTopicArns: topics.map(({ topicArn }) => topicArn),
  };
  if (chat.slack !== undefined) {
    new CfnSlackChannelConfiguration(construct, 'Slack', {
      ...common,
      slackWorkspaceId: chat.slack.workspaceId,
      slackChannelId: chat.slack.channelId,
    });
  }
  if (chat.teams !== undefined) {
    new CfnMicrosoftTeamsChannelConfiguration(construct, 'Teams', {
      ...common,
      teamsTenantId: chat.teams.tenantId,
      teamId: chat.teams.teamId,
      teamsChannelId: chat.teams.channelId,
    });
  }
}
