/** What would move a terminal's cursor, colour it, break its line or turn the direction of its text; line feeds and tabs are let be. */
const unprintable = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Text of others as it may be shown in a terminal and written in a log: what would take it over is escaped as JSON does (`\u001b`). */
export function printable(text: string): string {
  return text.replace(unprintable, (char) =>
    char === '\n' || char === '\t' ? char : `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
