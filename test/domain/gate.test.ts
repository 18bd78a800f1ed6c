import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reasons } from '../../shared/domain/assessment.ts';
import { routeSchema } from '../../shared/domain/decision.ts';
import { OutsourcingClearance } from '../../shared/domain/gate.ts';

const desks = {
  in_house: { kind: 'in_house' as const, title: 'In-house' },
  vendor: { kind: 'outsourced' as const, title: 'Vendor' },
  product_ideas: { kind: 'product_ideas' as const, title: 'Ideas' },
};

test('only a routine decision for an outsourced desk is cleared, whatever else is tried', () => {
  fc.assert(
    fc.property(
      fc.record({
        route: fc.constantFrom(...routeSchema.options),
        desk: fc.option(fc.constantFrom('vendor', 'in_house', 'product_ideas', 'unknown', '__proto__', 'constructor'), {
          nil: undefined,
        }),
        reasons: fc.subarray([...reasons]),
        doubts: fc.array(fc.string(), { maxLength: 2 }),
      }),
      (subject) => {
        const cleared = OutsourcingClearance.for(subject, { desks }) !== undefined;
        const routine =
          subject.route === 'vendor' &&
          subject.desk === 'vendor' &&
          subject.reasons.length === 0 &&
          subject.doubts.length === 0;
        expect(cleared).toBe(routine);
      },
    ),
    { numRuns: 500 },
  );
});
