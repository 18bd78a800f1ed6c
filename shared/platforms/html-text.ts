/**
 * HTML as a platform sends it (sanitised, small) to what a reader would see: enough for message bodies, no browser.
 * One pass from left to right, so that a hostile body of any size costs linear time.
 */
export function htmlToText(html: string): string {
  const lines = new TextLines();
  let at = 0;
  for (let open = html.indexOf('<'); open >= 0; open = html.indexOf('<', at)) {
    lines.add(unescapeEntities(html.slice(at, open)));
    const name = tagNameAt(html, open);
    // Looked for only behind a real tag: a search at every bare `<` would make a row of them quadratic.
    const close = name === undefined ? open : html.indexOf('>', open);
    at = open;
    // A tag that never ends is text, and so is all behind it.
    if (close < 0) break;
    if (name === undefined) lines.add('<');
    else lines.breakFor(name);
    at = close + 1;
  }
  lines.add(unescapeEntities(html.slice(at)));
  return lines.toString();
}

const namedEntities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

/** Undoes HTML escaping once: `&amp;lt;` is what somebody wrote as `&lt;`. Unknown names stay as they are. */
export function unescapeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return namedEntities[name] ?? whole;
    return characterOf(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)) ?? whole;
  });
}

function characterOf(codePoint: number): string | undefined {
  const isCharacter = codePoint > 0 && codePoint <= 0x10ffff && !(codePoint >= 0xd800 && codePoint <= 0xdfff);
  return isCharacter ? String.fromCodePoint(codePoint) : undefined;
}

/** The name of the tag that opens or closes at `<`, `!` for comments and declarations, or `undefined` for a bare `<`. */
function tagNameAt(html: string, open: number): string | undefined {
  // The longest name that matters here (`blockquote`) has ten letters.
  const match = /^<\/?([a-z][a-z0-9]{0,10}|!)/i.exec(html.slice(open, open + 13));
  return match?.[1]?.toLowerCase();
}

const paragraphs = new Set(['p', 'blockquote', 'pre', 'ul', 'ol', 'table', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6']);
const blocks = new Set(['br', 'div', 'li', 'tr']);

/** Text with the line breaks that tags ask for: one for a block, an empty line for a paragraph, none at either end. */
class TextLines {
  private readonly pieces: string[] = [];
  private pendingBreaks = 0;

  add(text: string): void {
    // Line ends in the source are layout, not words; between blocks nothing of them is seen.
    const words = text.replace(/[\r\n][ \t\r\n]*/g, ' ');
    if (words.trim() === '' && (this.pieces.length === 0 || this.pendingBreaks > 0)) return;
    if (this.pieces.length > 0) this.pieces.push('\n'.repeat(this.pendingBreaks));
    this.pieces.push(words);
    this.pendingBreaks = 0;
  }

  breakFor(tagName: string): void {
    if (paragraphs.has(tagName)) this.pendingBreaks = Math.max(this.pendingBreaks, 2);
    else if (tagName === 'br') this.pendingBreaks += 1;
    else if (blocks.has(tagName)) this.pendingBreaks = Math.max(this.pendingBreaks, 1);
  }

  toString(): string {
    return this.pieces.join('');
  }
}
