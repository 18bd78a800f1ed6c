import * as z from 'zod';

/** What somebody may do; each role may do what those before it may. */
export const roles = ['viewer', 'agent', 'lead'] as const;
export type Role = (typeof roles)[number];

export interface Person {
  /** Stands beside everything this person does. */
  readonly name: string;
  readonly role: Role;
}

const claimsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

/** Who API Gateway let in (HTTP API developer guide, "JWT authorizers" and "IAM authorization"). */
export const authorizerSchema = z.union([
  z.object({ jwt: z.object({ claims: claimsSchema }) }),
  z.object({ iam: z.object({ userArn: z.string().min(1) }) }),
]);

/**
 * The person behind a call. A token names roles in the claim `rolesClaim`, as a list or in words; whoever signs with the account's own credentials was
 * given `execute-api:Invoke` by its owner and may do everything. `undefined` without any role.
 */
export function personOf(authorizer: z.infer<typeof authorizerSchema>, rolesClaim: string): Person | undefined {
  if ('iam' in authorizer) return { name: authorizer.iam.userArn.split('/').at(-1) ?? 'unknown', role: 'lead' };
  const { claims } = authorizer.jwt;
  // API Gateway writes a list as `[viewer agent]`.
  const named = (claims[rolesClaim] ?? '').split(/[\s,[\]"]+/);
  const role = roles.findLast((one) => named.includes(one));
  const name = claims['email'] ?? claims['preferred_username'] ?? claims['sub'];
  return role === undefined || name === undefined ? undefined : { name: name.slice(0, 200), role };
}

export function may(person: Person, role: Role): boolean {
  return roles.indexOf(person.role) >= roles.indexOf(role);
}
