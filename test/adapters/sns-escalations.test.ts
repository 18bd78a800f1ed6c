import { SNSClient } from '@aws-sdk/client-sns';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { SnsEscalations } from '../../shared/adapters/sns-escalations.ts';
import { startAwsServer } from '../support/aws-server.ts';

it('a notice reaches people in words, machines as JSON, and chat in the form that chat shows', async () => {
  const sent: URLSearchParams[] = [];
  const server = await startAwsServer(({ body }) => {
    sent.push(new URLSearchParams(body));
    const result = '<Successful><member><Id>0</Id><MessageId>m</MessageId></member></Successful><Failed/>';
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body: `<PublishBatchResponse><PublishBatchResult>${result}</PublishBatchResult></PublishBatchResponse>`,
    };
  });
  const topic = new SnsEscalations(new SNSClient(server.config), { topicArn: 'arn:aws:sns:eu-west-1:1:topic' });
  const notice = { subject: 'Vigie: broken', body: '{"caseId":"c"}', words: 'A promise is broken.' };
  expect(await topic.publish([notice])).toEqual([true]);
  server.close();

  const entry = 'PublishBatchRequestEntries.member.1';
  expect(sent[0]?.get(`${entry}.MessageStructure`)).toBe('json');
  const message = z.record(z.string(), z.string()).parse(JSON.parse(sent[0]?.get(`${entry}.Message`) ?? ''));
  expect(message).toEqual({ default: notice.body, email: notice.words, https: expect.any(String) });
  expect(JSON.parse(message['https'] ?? '')).toEqual({
    version: '1.0',
    source: 'custom',
    content: { textType: 'client-markdown', title: notice.subject, description: notice.words },
  });
});
