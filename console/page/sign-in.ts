import * as z from 'zod';
import { type ConsoleSettings, consoleSettingsSchema } from '../../shared/contracts/console.ts';

type SignIn = NonNullable<ConsoleSettings['signIn']>;

const endpointsSchema = z.object({ authorization_endpoint: z.url(), token_endpoint: z.url() });
const tokensSchema = z.object({ id_token: z.string() });
const startedSchema = z.object({ state: z.string(), verifier: z.string(), search: z.string() });
const kept = { token: 'vigie.token', started: 'vigie.sign-in' } as const;

let settings: Promise<ConsoleSettings> | undefined;
/** One for all calls that wait for it: a second would take the first one's code away. */
let signingIn: Promise<string> | undefined;

/**
 * The token to call the API with; `undefined` where none is needed. Leaves for the sign-in service when there is none yet: authorization
 * code with PKCE (RFC 7636), OpenID Connect Core 1.0 section 3.1. The token lives as long as the tab.
 */
export async function token(): Promise<string | undefined> {
  settings ??= fetch('/console/settings.json').then(async (answer) => consoleSettingsSchema.parse(await answer.json()));
  const { signIn } = await settings;
  if (signIn === undefined) return undefined;
  const held = sessionStorage.getItem(kept.token);
  if (held !== null) return held;
  signingIn ??= returned(signIn).then((fresh) => fresh ?? leaveFor(signIn));
  return signingIn;
}

/** Forgets a token that the API no longer takes. */
export function forgetToken(token: string): void {
  if (sessionStorage.getItem(kept.token) !== token) return;
  sessionStorage.removeItem(kept.token);
  signingIn = undefined;
}

async function endpointsOf({ issuer }: SignIn): Promise<z.infer<typeof endpointsSchema>> {
  const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  return endpointsSchema.parse(await answer.json());
}

/** The token for a code with which the sign-in service has sent us back, where it has. */
async function returned(signIn: SignIn): Promise<string | undefined> {
  const query = new URLSearchParams(window.location.search);
  const [code, state] = [query.get('code'), query.get('state')];
  const started = sessionStorage.getItem(kept.started);
  if (code === null || started === null) return undefined;
  const { state: expected, verifier, search } = startedSchema.parse(JSON.parse(started));
  sessionStorage.removeItem(kept.started);
  if (state !== expected) return undefined;
  // Back to where whoever signed in came from; a code in the address is nobody's business.
  window.history.replaceState(undefined, '', `/${search}`);
  window.dispatchEvent(new PopStateEvent('popstate'));
  const { token_endpoint } = await endpointsOf(signIn);
  const answer = await fetch(token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: signIn.clientId,
      redirect_uri: `${window.location.origin}/`,
      code,
      code_verifier: verifier,
    }),
  });
  const { id_token } = tokensSchema.parse(await answer.json());
  sessionStorage.setItem(kept.token, id_token);
  return id_token;
}

async function leaveFor(signIn: SignIn): Promise<never> {
  const [state, verifier] = [randomText(), randomText()];
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const { authorization_endpoint } = await endpointsOf(signIn);
  sessionStorage.setItem(kept.started, JSON.stringify({ state, verifier, search: window.location.search }));
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: signIn.clientId,
    redirect_uri: `${window.location.origin}/`,
    scope: 'openid',
    state,
    code_challenge: base64Url(new Uint8Array(challenge)),
    code_challenge_method: 'S256',
  });
  window.location.assign(`${authorization_endpoint}?${query}`);
  return new Promise(() => {});
}

function randomText(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
