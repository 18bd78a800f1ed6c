import { parseArgs } from 'node:util';
import * as z from 'zod';
import { type Reason, reasonSchema, reasons, topicSchema } from '../../shared/domain/assessment.ts';
import { type Route, routeSchema } from '../../shared/domain/decision.ts';
import type { Meaning, Policy } from '../../shared/domain/policy.ts';
import { sentimentOfText } from '../../shared/domain/sentiment.ts';
import { createRowTriage, loadPolicy, messageRowSchema, readRows, type Verdict, withFileAccounts } from './decide.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = 'vigie evaluate --data FILE.jsonl [--json] [--misses] [--ablation] [--policy DIR]';

export const sentimentNames = { neg: 'negative', neu: 'neutral', pos: 'positive', mix: 'mixed' } as const;

export const labelledRowSchema = messageRowSchema.extend({
  route: routeSchema,
  reasons: z
    .array(z.union([reasonSchema, z.literal('none')]))
    .transform((all) => all.filter((reason) => reason !== 'none')),
  topic: topicSchema.optional(),
  sentiment: z.enum(['neg', 'neu', 'pos', 'mix']).optional(),
  confidence: z.enum(['low', 'high']).optional(),
  /** How much it counts in learning; 1 when absent. */
  weight: z.number().positive().optional(),
});
export type LabelledRow = z.infer<typeof labelledRowSchema>;

interface Judged {
  readonly row: LabelledRow;
  readonly verdict: Verdict;
  readonly sentiment: string;
}

interface Rate {
  readonly of: number;
  readonly share: number;
  /** Wilson score interval, 95 %. */
  readonly low: number;
  readonly high: number;
}

/** Reasons whose messages must never reach a vendor. */
const grave: ReadonlySet<Reason> = new Set(['safety', 'legal', 'discrimination', 'data_privacy', 'vulnerable_person']);

const routes = routeSchema.options;
const curveThresholds = [0.5, 1, 1.5, 2, 2.5, 3, 4];

/** `evaluate`: how well the policy decides messages that someone labelled, as Markdown or JSON. */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        json: { type: 'boolean', default: false },
        misses: { type: 'boolean', default: false },
        ablation: { type: 'boolean', default: false },
        policy: { type: 'string' },
      },
    });
    if (values.data === undefined) throw new UsageError(`which messages? ${usage}`);
    const rows = readRows(values.data, labelledRowSchema);
    if (rows.length === 0) throw new UsageError(`${values.data}: no message in it`);
    const policy = loadPolicy(values.policy);
    if (values.ablation) {
      console.log(ablationOf(policy, rows));
      return 0;
    }
    const judged = judge(policy, rows);
    const report = reportOf(judged);
    if (values.json) console.log(JSON.stringify(report, null, 2));
    else console.log(markdownOf(report, values.misses ? judged : []));
    return 0;
  });
}

/** Decides each message from its text, language and context alone; the labels are looked at afterwards. */
function judge(policy: Policy, rows: readonly LabelledRow[]): Judged[] {
  const triage = createRowTriage(policy, rows);
  const readSentiment = sentimentOfText(withFileAccounts(policy, rows));
  return rows.map((row) => {
    const verdict = triage(row);
    return {
      row,
      verdict,
      sentiment: readSentiment(row.text, verdict.assessment.language.code, verdict.message).label,
    };
  });
}

function reportOf(judged: readonly Judged[]) {
  const wanted = judged.filter(({ row }) => row.route === 'in_house');
  const kept = judged.filter(sentInHouse);
  const leaks = wanted.filter(({ verdict }) => verdict.decision.route === 'vendor');
  const isGrave = ({ row }: Judged) => row.reasons.some((reason) => grave.has(reason));
  return {
    messages: judged.length,
    inHouse: { recall: rate(wanted, sentInHouse), precision: rate(kept, ({ row }) => row.route === 'in_house') },
    shareInHouse: rate(judged, sentInHouse),
    rightRoute: rate(judged, ({ row, verdict }) => verdict.decision.route === row.route),
    leaks: leaks
      .toSorted((a, b) => Number(isGrave(b)) - Number(isGrave(a)))
      .map((leak) => ({
        id: leak.row.id,
        reasons: leak.row.reasons,
        labelConfidence: leak.row.confidence ?? 'unknown',
        grave: isGrave(leak),
      })),
    confusion: Object.fromEntries(
      routes.map((label) => [
        label,
        Object.fromEntries(
          routes.map((route) => [
            route,
            judged.filter(({ row, verdict }) => row.route === label && verdict.decision.route === route).length,
          ]),
        ),
      ]),
    ),
    recallByReason: Object.fromEntries(
      reasons.map((reason) => [
        reason,
        rate(
          wanted.filter(({ row }) => row.reasons.includes(reason)),
          sentInHouse,
        ),
      ]),
    ),
    byLanguage: Object.fromEntries(
      [...Map.groupBy(judged, ({ row }) => row.lang ?? 'und')].map(([language, part]) => [
        language,
        {
          recall: rate(
            part.filter(({ row }) => row.route === 'in_house'),
            sentInHouse,
          ),
          precision: rate(part.filter(sentInHouse), ({ row }) => row.route === 'in_house'),
        },
      ]),
    ),
    topic: rate(
      judged.filter(({ row }) => row.topic !== undefined),
      ({ row, verdict }) => verdict.assessment.topics[0]?.topic === row.topic,
    ),
    sentiment: rate(
      judged.filter(({ row }) => row.sentiment !== undefined),
      ({ row, sentiment }) => row.sentiment !== undefined && sentimentNames[row.sentiment] === sentiment,
    ),
    comprehend: {
      documentsPerMessage: share(judged, ({ verdict }) => verdict.askedSentiment),
      dollarsPerMillion: Math.round(
        (judged.reduce((sum, { verdict }) => sum + verdict.dollars, 0) / judged.length) * 1e6,
      ),
    },
    // Messages kept by a rule for other causes than the risk score stay in-house at every threshold.
    riskCurve: curveThresholds.map((threshold) => {
      const keeps = ({ verdict: { decision } }: Judged) =>
        decision.route === 'in_house'
          ? decision.reasons.length > 0 || decision.doubts.length > 0 || decision.score.total >= threshold
          : decision.route === 'vendor' && decision.score.total >= threshold;
      return { threshold, recall: share(wanted, keeps), shareInHouse: share(judged, keeps) };
    }),
  };
}
type Report = ReturnType<typeof reportOf>;

/** What each part is worth: the same messages decided without it, beside the gate that is usual today. */
function ablationOf(policy: Policy, rows: readonly LabelledRow[]): string {
  const without = (drop: (means: Meaning, language: string) => boolean): Policy => ({
    ...policy,
    lexicons: policy.lexicons.map(({ language, entries }) => ({
      language,
      entries: entries.filter(({ means }) => !drop(means, language)),
    })),
  });
  const { learnt: _, ...unlearnt } = policy;
  const cue = (name: string) => (means: Meaning) => means.kind === 'cue' && means.name === name;
  const whole = judge(policy, rows);
  const variants: readonly (readonly [string, readonly Judged[], (judged: Judged) => boolean])[] = [
    ['everything', whole, sentInHouse],
    ['negative sentiment goes in-house, nothing else', whole, ({ sentiment }) => sentiment === 'negative'],
    [
      'without sentiment verdicts',
      judge(
        without((means) => means.kind === 'sentiment'),
        rows,
      ),
      sentInHouse,
    ],
    [
      'without topics',
      judge(
        without((means) => means.kind === 'topic'),
        rows,
      ),
      sentInHouse,
    ],
    ['without harmless idioms', judge(without(cue('harmless')), rows), sentInHouse],
    ['without negation', judge(without(cue('negator')), rows), sentInHouse],
    ['without what was learnt', judge(unlearnt, rows), sentInHouse],
    [
      'without the risk score',
      judge({ ...policy, score: { ...policy.score, reasons: {}, parts: [] } }, rows),
      sentInHouse,
    ],
    ...reasons.map(
      (reason) =>
        [
          `without the words for ${reason}`,
          judge(
            without((means) => means.kind === 'reason' && means.name === reason),
            rows,
          ),
          sentInHouse,
        ] as const,
    ),
    ...policy.lexicons.map(
      ({ language }) =>
        [
          `without the lexicon \`${language}\``,
          judge(
            without((_, from) => from === language),
            rows,
          ),
          sentInHouse,
        ] as const,
    ),
  ];
  return table(
    ['', 'recall', 'precision', 'share in-house', 'right route', 'topic', 'grave leaks'],
    variants.map(([name, judged, keeps]) => {
      const wanted = judged.filter(({ row }) => row.route === 'in_house');
      const leaks = wanted.filter((each) => !keeps(each) && each.row.reasons.some((reason) => grave.has(reason)));
      const route =
        keeps === sentInHouse ? percent(share(judged, ({ row, verdict }) => verdict.decision.route === row.route)) : '';
      return [
        name,
        percent(share(wanted, keeps)),
        percent(share(judged.filter(keeps), ({ row }) => row.route === 'in_house')),
        percent(share(judged, keeps)),
        route,
        keeps === sentInHouse
          ? percent(share(judged, ({ row, verdict }) => verdict.assessment.topics[0]?.topic === row.topic))
          : '',
        String(leaks.length),
      ];
    }),
  ).join('\n');
}

function sentInHouse({ verdict }: Judged): boolean {
  return verdict.decision.route === 'in_house';
}

function share<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  return items.length === 0 ? 0 : Math.round((items.filter(holds).length / items.length) * 1000) / 1000;
}

function rate<Item>(items: readonly Item[], holds: (item: Item) => boolean): Rate {
  const n = items.length;
  if (n === 0) return { of: 0, share: 0, low: 0, high: 0 };
  const z = 1.96;
  const p = items.filter(holds).length / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const reach = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const cut = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
  return { of: n, share: cut(p), low: cut(middle - reach), high: cut(middle + reach) };
}

function markdownOf(report: Report, misses: readonly Judged[]): string {
  return [
    `# ${report.messages} labelled messages`,
    '',
    '## Image-sensitive messages that a vendor would get',
    '',
    ...(report.leaks.length === 0
      ? ['None.']
      : report.leaks.map(
          ({ id, reasons: why, labelConfidence, grave: severe }) =>
            `- ${severe ? '**grave** ' : ''}${id}: ${why.join(', ')} (label confidence ${labelConfidence})`,
        )),
    '',
    '## In-house',
    '',
    ...table(
      ['measure', 'share', '95 % interval', 'of'],
      [
        ['recall', ...cells(report.inHouse.recall)],
        ['precision', ...cells(report.inHouse.precision)],
        ['share of all messages', ...cells(report.shareInHouse)],
        ['right route, any', ...cells(report.rightRoute)],
        ['topic agrees', ...cells(report.topic)],
        ['sentiment agrees', ...cells(report.sentiment)],
      ],
    ),
    '',
    '## Routes: label by row, decision by column',
    '',
    ...table(
      ['', ...routes],
      routes.map((label) => [label, ...routes.map((route) => String(cell(report, label, route)))]),
    ),
    '',
    '## Recall by reason',
    '',
    ...table(
      ['reason', 'share', '95 % interval', 'of'],
      reasons.map((reason) => [reason, ...cells(report.recallByReason[reason])]),
    ),
    '',
    '## By language',
    '',
    ...table(
      ['language', 'recall', 'of', 'precision', 'of'],
      Object.entries(report.byLanguage).map(([language, { recall, precision }]) => [
        language,
        percent(recall.share),
        String(recall.of),
        percent(precision.share),
        String(precision.of),
      ]),
    ),
    '',
    '## Risk threshold',
    '',
    ...table(
      ['risk from', 'recall', 'share in-house'],
      report.riskCurve.map(({ threshold, recall, shareInHouse }) => [
        String(threshold),
        percent(recall),
        percent(shareInHouse),
      ]),
    ),
    '',
    `Comprehend: ${report.comprehend.documentsPerMessage} sentiment verdicts per message; with the checks for personal data $${report.comprehend.dollarsPerMillion} per million messages at this mix.`,
    ...misses
      .filter(({ row, verdict }) => row.route !== verdict.decision.route)
      .flatMap(({ row, verdict: { decision } }, index) => [
        ...(index === 0 ? ['', '## Messages decided otherwise than labelled', ''] : []),
        `- ${row.id} ${row.route} → ${decision.route} by ${decision.rule}: ${row.text.replace(/\s+/g, ' ')}`,
      ]),
  ].join('\n');
}

function cell(report: Report, label: Route, route: Route): number {
  return report.confusion[label]?.[route] ?? 0;
}

function cells(rateOf: Rate | undefined): string[] {
  if (rateOf === undefined || rateOf.of === 0) return ['none', '', '0'];
  return [percent(rateOf.share), `${percent(rateOf.low)} to ${percent(rateOf.high)}`, String(rateOf.of)];
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
}
