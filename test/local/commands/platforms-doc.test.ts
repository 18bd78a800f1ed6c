import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { platformsPage } from '../../../local/commands/platforms-doc.ts';
import { platforms } from '../../../shared/platforms/registry.ts';

describe('docs/platforms.md', () => {
  test('is what the platforms say about themselves', () => {
    const page = readFileSync(new URL('../../../docs/platforms.md', import.meta.url), 'utf8');
    expect(page, 'run `npm run -s vigie -- platforms-doc`').toBe(platformsPage(platforms));
  });

  test('leaves nothing about a platform empty', () => {
    for (const { about, name } of platforms) {
      for (const text of Object.values(about)) expect(text.trim(), name).not.toBe('');
    }
  });
});
