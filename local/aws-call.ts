import { randomUUID } from 'node:crypto';

export type AwsService = 'dynamodb' | 'sqs' | 'sns' | 'secretsmanager' | 'comprehend' | 'appconfig';

/** One AWS call as it reaches the gateway. */
export interface AwsCall {
  /** Physical name of the calling function, or `undefined` for anybody else on this machine. */
  readonly caller: string | undefined;
  readonly service: AwsService;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The answer on the wire. */
export interface AwsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An error that an endpoint answers: the code an SDK client throws as the error's name. */
export interface AwsFailure {
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  /** Further members of the error's body. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const contentTypes: Readonly<Record<AwsService, string>> = {
  dynamodb: 'application/x-amz-json-1.0',
  sqs: 'application/x-amz-json-1.0',
  sns: 'text/xml',
  secretsmanager: 'application/x-amz-json-1.1',
  comprehend: 'application/x-amz-json-1.1',
  appconfig: 'application/json',
};

export function succeeded(service: AwsService, output: unknown): AwsAnswer {
  return {
    status: 200,
    headers: { 'content-type': contentTypes[service], 'x-amzn-requestid': randomUUID() },
    body: JSON.stringify(output),
  };
}

/** The error in the protocol of its service: JSON with `__type`, for SQS and AppConfig also the header their SDKs read, for SNS the query protocol's XML. */
export function failed(service: AwsService, { code, message, status = 400, fields = {} }: AwsFailure): AwsAnswer {
  const headers: Record<string, string> = {
    'content-type': contentTypes[service],
    'x-amzn-requestid': randomUUID(),
  };
  if (service === 'sns') {
    const type = status < 500 ? 'Sender' : 'Receiver';
    const error = `<Error><Type>${type}</Type><Code>${code}</Code><Message>${xmlText(message)}</Message></Error>`;
    return { status, headers, body: `<ErrorResponse>${error}<RequestId>local</RequestId></ErrorResponse>` };
  }
  if (service === 'appconfig') headers['x-amzn-errortype'] = code;
  if (service === 'sqs') headers['x-amzn-query-error'] = `${code};${status < 500 ? 'Sender' : 'Receiver'}`;
  return { status, headers, body: JSON.stringify({ __type: code, message, ...fields }) };
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
