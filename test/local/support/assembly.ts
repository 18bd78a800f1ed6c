import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Assembly, type Place, readAssembly } from '../../../local/template.ts';

export const place: Place = { region: 'eu-west-1', accountId: '000000000000', gatewayUrl: 'http://127.0.0.1:1234' };

/** A cloud assembly of these templates by stack name, as `cdk synth` would write it. */
export function assemblyOf(stacks: Readonly<Record<string, unknown>>): Assembly {
  const directory = mkdtempSync(join(tmpdir(), 'vigie-template-'));
  try {
    const artifacts: Record<string, unknown> = { tree: { type: 'cdk:tree' } };
    for (const [name, template] of Object.entries(stacks)) {
      const templateFile = `${name}.template.json`;
      artifacts[name] = { type: 'aws:cloudformation:stack', properties: { templateFile, stackName: name } };
      writeFileSync(join(directory, templateFile), JSON.stringify(template));
    }
    writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ artifacts }));
    return readAssembly(directory, place);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
