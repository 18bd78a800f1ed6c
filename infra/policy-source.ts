import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';

/** Something wrong in a policy file; line and column count from 1. */
export interface PolicyProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type PolicyPath = readonly PropertyKey[];

interface ReadFile {
  readonly document: Document;
  readonly lines: LineCounter;
}

/** The files of a policy directory as written, so that everything found wrong later can be shown at its place. */
export class PolicySource {
  readonly problems: PolicyProblem[] = [];
  readonly #dir: string;
  readonly #files = new Map<string, ReadFile>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Names of the `.yaml` files in a folder of the policy, in order. */
  list(folder: string): string[] {
    try {
      return readdirSync(join(this.#dir, folder))
        .filter((name) => name.endsWith('.yaml'))
        .sort()
        .map((name) => `${folder}/${name}`);
    } catch {
      this.problems.push({ file: folder, line: 1, column: 1, message: `the folder is missing in ${this.#dir}` });
      return [];
    }
  }

  /** The content of a file that `vigie` writes and nobody edits, `undefined` where there is none or after noting what is wrong with it. */
  readWritten<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> | undefined {
    const path = join(this.#dir, file);
    if (!existsSync(path)) return undefined;
    const wrong = (what: string) =>
      this.problems.push({
        file,
        line: 1,
        column: 1,
        message: `${what}: write it again with vigie learn`,
      });
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(path, 'utf8'));
    } catch {
      wrong('not readable as JSON');
      return undefined;
    }
    const parsed = schema.safeParse(content);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    wrong(`${issue?.path.map(String).join('.')}: ${issue?.message}`);
    return undefined;
  }

  /** The content of one file, or `undefined` after noting what is wrong with it. */
  read<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> | undefined {
    let text: string;
    try {
      text = readFileSync(join(this.#dir, file), 'utf8');
    } catch {
      this.problems.push({ file, line: 1, column: 1, message: `the file is missing in ${this.#dir}` });
      return undefined;
    }
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    this.#files.set(file, { document, lines });
    // One slip makes the rest of the file unreadable: what follows the first error is noise.
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0]);
      this.problems.push({ file, line, column: col, message: `not readable as YAML: ${error.message}` });
      return undefined;
    }
    let content: unknown;
    try {
      content = document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      this.problems.push({ file, line: 1, column: 1, message: `not readable as YAML: ${String(error)}` });
      return undefined;
    }
    const parsed = schema.safeParse(content);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) this.#reportIssue(file, issue);
    return undefined;
  }

  /** Notes a problem at a place in a file that was read; an empty path means its beginning. */
  report(file: string, path: PolicyPath, message: string): void {
    this.problems.push({ file, ...this.#position(file, path), message });
  }

  #reportIssue(file: string, issue: z.core.$ZodIssue): void {
    const where = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) this.report(file, [...issue.path, key], `${where}${issue.message}`);
    } else if (issue.code === 'invalid_key') {
      this.report(file, issue.path, `${where}${issue.issues[0]?.message ?? issue.message}`);
    } else if (issue.code === 'invalid_union') {
      const deepest = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
      this.report(file, [...issue.path, ...(deepest?.path ?? [])], `${where}${deepest?.message ?? issue.message}`);
    } else {
      this.report(file, issue.path, `${where}${issue.message}`);
    }
  }

  /** The place of the last part of the path that exists: of its key where it is an entry of a map. */
  #position(file: string, path: PolicyPath): { line: number; column: number } {
    const read = this.#files.get(file);
    if (read === undefined) return { line: 1, column: 1 };
    let node: unknown = read.document.contents;
    let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    for (const part of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
        if (pair === undefined) break;
        if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
        node = pair.value;
      } else {
        const parent: unknown = node;
        const child: unknown =
          typeof part === 'number' && isNode(parent) && 'get' in parent && typeof parent.get === 'function'
            ? parent.get(part, true)
            : undefined;
        if (!isNode(child)) break;
        node = child;
        offset = child.range?.[0] ?? offset;
      }
    }
    const { line, col } = read.lines.linePos(offset);
    return { line, column: col };
  }
}
