import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a platform's API answers to a path. */
export type ApiAnswers = (
  path: string,
  query: URLSearchParams,
) => { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown };

export interface PlatformApiServer {
  readonly url: string;
  /** Exchanged at will. */
  answers: ApiAnswers;
  readonly asked: { readonly path: string; readonly query: URLSearchParams; readonly token: string | undefined }[];
  close(): void;
}

/** A server on this machine that answers in JSON, in the place of a platform's API. */
export async function startPlatformApi(): Promise<PlatformApiServer> {
  const asked: PlatformApiServer['asked'] = [];
  const http = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://api');
    const token = request.headers.authorization ?? [request.headers['x-goog-api-key']].flat()[0];
    asked.push({ path: pathname, query: searchParams, token });
    const { status = 200, headers = {}, body } = api.answers(pathname, searchParams);
    response.writeHead(status, headers).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const api: PlatformApiServer = {
    url: `http://127.0.0.1:${address.port}`,
    answers: () => ({ body: {} }),
    asked,
    close: () => {
      http.close();
      http.closeAllConnections();
    },
  };
  return api;
}
