const commands: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Command> }>> = {
  demo: { about: 'send a made-up afternoon in French and English', load: () => import('./commands/demo.ts') },
  watch: { about: 'follow in words what happens to each message', load: () => import('./commands/watch.ts') },
  send: { about: 'sign a payload as its platform would, and post it', load: () => import('./commands/send.ts') },
  consume: {
    about: "take messages from a desk's queues, report outcomes",
    load: () => import('./commands/consume.ts'),
  },
  parked: {
    about: 'list, show, retry or drop records that could not succeed',
    load: () => import('./commands/parked.ts'),
  },
  timeline: { about: 'tell a case from its first event to now', load: () => import('./commands/timeline.ts') },
  promises: {
    about: 'bring open cases under changed promises, as on_change says',
    load: () => import('./commands/promises.ts'),
  },
  report: { about: 'count how each desk kept its promises', load: () => import('./commands/report.ts') },
  erase: { about: 'delete a person’s messages and cases', load: () => import('./commands/erase.ts') },
  explain: { about: 'show how a text would be decided, and why', load: () => import('./commands/explain.ts') },
  read: { about: 'show what is read out of a payload', load: () => import('./commands/read.ts') },
  verify: { about: 'check signature vectors', load: () => import('./commands/verify.ts') },
  decide: { about: 'decide the messages of a data file', load: () => import('./commands/decide.ts') },
  evaluate: { about: 'measure decisions against labels', load: () => import('./commands/evaluate.ts') },
  learn: {
    about: 'learn from labelled messages what speaks for each reason',
    load: () => import('./commands/learn.ts'),
  },
  simulate: {
    about: 'replay past messages under a new policy, and tell what moves',
    load: () => import('./commands/simulate.ts'),
  },
  export: {
    about: 'write what desks gave back as labelled messages',
    load: () => import('./commands/export.ts'),
  },
  policy: {
    about: 'test a policy, its examples included; write the schemas for editors',
    load: () => import('./commands/policy.ts'),
  },
  cost: { about: 'measure what a million messages cost', load: () => import('./commands/cost.ts') },
  contract: { about: 'write docs/contract from the schemas', load: () => import('./commands/contract.ts') },
  'supply-chain': { about: 'write docs/supply-chain.md', load: () => import('./commands/supply-chain.ts') },
  'platforms-doc': { about: 'write docs/platforms.md', load: () => import('./commands/platforms-doc.ts') },
};

interface Command {
  /** Its arguments, in a line. */
  readonly usage: string;
  /** Does the command's work with its arguments; the answer is the exit code. */
  run(args: readonly string[]): Promise<number>;
}

const [name = 'help', ...args] = process.argv.slice(2);
process.exitCode = await run(name);

async function run(name: string): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) {
    const loaded = await command.load();
    if (!args.some(asksForHelp)) return loaded.run(args);
    console.log(`${name}: ${command.about}\n\n  npm run ${loaded.usage.replace('vigie', 'vigie --')}`);
    return 0;
  }
  const asked = name === 'help' || asksForHelp(name);
  if (!asked) console.error(`There is no command ${name}.`);
  const width = Math.max(...Object.keys(commands).map(({ length }) => length));
  const lines = Object.entries(commands).map(([key, { about }]) => `  ${key.padEnd(width)}  ${about}`);
  (asked ? console.log : console.error)(
    `npm run vigie -- COMMAND\n\n${lines.join('\n')}\n\nnpm run vigie -- COMMAND --help shows a command's arguments.`,
  );
  return asked ? 0 : 1;
}

function asksForHelp(arg: string): boolean {
  return arg === '--help' || arg === '-h';
}
