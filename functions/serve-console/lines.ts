import type { CaseLine } from '../../shared/contracts/console.ts';
import type { Case } from '../../shared/domain/case.ts';
import { clocksByName } from '../../shared/domain/case-clocks.ts';
import { isOver, verdictOf } from '../../shared/domain/clocks.ts';
import { accountFinder, type Policy } from '../../shared/domain/policy.ts';

/** A function that makes of a case its line in a list, as of an instant. */
export function createLines(policy: Policy): (subject: Case, now: string) => CaseLine {
  const accountOf = accountFinder(policy);
  return (subject, now) => {
    const { id, state, route, desk, priority, reasons, doubts, rule, language, messages, conversation, offer } =
      subject;
    const clocks = [...clocksByName(subject)];
    const [next] = clocks
      .flatMap(([clock, one]) =>
        one.dueAt !== undefined && one.dueAt >= now && !isOver(one) ? [{ clock, dueAt: one.dueAt }] : [],
      )
      .sort((a, b) => (a.dueAt < b.dueAt ? -1 : 1));
    const { channel, accountId } = conversation;
    const { account, listed } = accountOf({ channel, accountId });
    return {
      id,
      state,
      route,
      ...(desk === undefined ? {} : { desk }),
      priority,
      reasons,
      doubts,
      rule,
      channel,
      account: listed && account !== undefined ? account.title : accountId,
      language,
      public: subject.public,
      claimed: offer?.claimed ?? false,
      messages: messages.count,
      ...(messages.lastAt === undefined ? {} : { heardAt: messages.lastAt }),
      clocks: Object.fromEntries(clocks),
      ...(next === undefined || !['open', 'answered', 'waiting'].includes(state) ? {} : { next }),
      breached: clocks.filter(([, clock]) => verdictOf(clock, now) === 'breached').map(([name]) => name),
    };
  };
}
