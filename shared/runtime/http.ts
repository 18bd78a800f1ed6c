import * as z from 'zod';
import type { WebhookRequest, WebhookResponse } from '../platforms/platform.ts';

/** What we use of API Gateway's payload 2.0: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
const httpEventSchema = z.object({
  rawPath: z.string(),
  rawQueryString: z.string().default(''),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().default(false),
  pathParameters: z.object({ platform: z.string(), account: z.string().optional() }),
  requestContext: z.object({ http: z.object({ method: z.enum(['GET', 'POST']) }) }),
});

/** The call as the platform made it: its bytes, and the public URL that it was given, not the one a gateway shows. */
export function toWebhookRequest(event: unknown, publicBaseUrl: string): { platform: string; request: WebhookRequest } {
  const {
    rawPath,
    rawQueryString,
    headers,
    body = '',
    isBase64Encoded,
    pathParameters,
    requestContext,
  } = httpEventSchema.parse(event);
  return {
    platform: pathParameters.platform,
    request: {
      method: requestContext.http.method,
      url: `${publicBaseUrl}${rawPath}${rawQueryString === '' ? '' : `?${rawQueryString}`}`,
      headers,
      body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
      pathAccount: pathParameters.account,
    },
  };
}

/** An answer in API Gateway's payload 2.0. */
export function toHttpAnswer({ status, contentType, body }: WebhookResponse) {
  return {
    statusCode: status,
    headers: { 'content-type': contentType ?? 'text/plain; charset=utf-8' },
    body,
  };
}
