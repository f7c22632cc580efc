/**
 * Bodies as Yuntongxun writes and reads them, in JSON or XML. It is free with names in what it sends: `statusCode` or
 * `statuscode`, beside the object that it belongs to or within it, under a `head` or not. So a body is read as its leaves,
 * by their names in lower case, and where a name comes twice the one nearer to the root counts, then the first.
 */
import { XMLParser } from 'fast-xml-parser';

export type WireFormat = 'json' | 'xml';

/** Lower-case name -> text. Every text can be stored: no NUL, no half of a character, at most LONGEST_TEXT long. */
export type WireFields = ReadonlyMap<string, string>;

export interface WireBody {
  readonly fields: WireFields;
  /** What is under the first object of that name, in lower case; null where there is none. */
  readonly part: (name: string) => WireFields | null;
}

/** The message says what is wrong with the body, and repeats nothing of it. */
export class UnreadableBody extends Error {}

/** Longer than any field that means something to us; a URL is the longest. */
const LONGEST_TEXT = 2_000;

/** Values stay text (ids and codes begin with zeros), and entities are left to `decoded`, which expands nothing. */
const PARSER = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  processEntities: false,
});

/**
 * @param root the name of the XML's root; JSON has none
 * @param fields all texts, in JSON too: the vendor's own clients quote even numbers
 */
export const writeBody = (format: WireFormat, root: string, fields: Readonly<Record<string, string>>): string =>
  format === 'json' ? JSON.stringify(fields) : writeXml(root, fields);

export const writeXml = (root: string, fields: Readonly<Record<string, string>>): string => {
  const leaves = Object.entries(fields).map(([name, value]) => `<${name}>${escaped(value)}</${name}>`);
  return `<?xml version="1.0" encoding="UTF-8"?><${root}>${leaves.join('')}</${root}>`;
};

/**
 * Which of the two it is shows in the first character: what the Content-Type says is not always so.
 * @throws UnreadableBody
 */
export const readBody = (text: string): WireBody => {
  const body = text.trim();
  const isXml = body.startsWith('<');
  const root = isXml ? readXml(body) : readJson(body);
  const fieldsOf = (node: object): WireFields =>
    new Map([...leavesOf(node)].map(([name, value]) => [name, storable(isXml ? decoded(value) : value)]));
  return {
    fields: fieldsOf(root),
    part: (name) => {
      const node = objectNamed(root, name);
      return node && fieldsOf(node);
    },
  };
};

/** @throws UnreadableBody */
export const readFields = (text: string): WireFields => readBody(text).fields;

const readJson = (text: string): object => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnreadableBody('it is neither JSON nor XML');
  }
  if (!isObject(value)) throw new UnreadableBody('the JSON is no object');
  return value;
};

/** What may stand beside the root: blanks, comments, processing instructions (XML 1.0, 2.8). Each character is read once. */
const BESIDE_ROOT = /\s+|<!--[^]*?-->|<\?[^]*?\?>/y;
const ROOT = /<([\w.:-]+)/y;

/** Undefined where the text has no root that is closed at its end. */
const rootOf = (text: string): string | undefined => {
  const matchAt = (pattern: RegExp, at: number): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const skipBeside = (at: number): number => {
    for (let end = at; ;) {
      const beside = matchAt(BESIDE_ROOT, end)?.[0];
      if (!beside) return end;
      end += beside.length;
    }
  };
  const root = matchAt(ROOT, skipBeside(0))?.[1];
  if (root === undefined) return undefined;
  const close = `</${root}>`;
  const end = text.lastIndexOf(close);
  return end >= 0 && skipBeside(end + close.length) === text.length ? root : undefined;
};

const readXml = (text: string): object => {
  // Nothing that Yuntongxun sends has one, and nothing good comes of reading one.
  if (/<!DOCTYPE/i.test(text)) throw new UnreadableBody('the XML has a document type');
  // The parser takes half a document for a whole one, and so it would a reply that was cut short.
  if (rootOf(text) === undefined) throw new UnreadableBody('the XML has no end, or no beginning');
  try {
    return PARSER.parse(text) as object;
  } catch {
    throw new UnreadableBody('the XML is not well-formed, or nested too deeply');
  }
};

/** Level by level, so that what is nearer to the root comes first; without recursion, however deep it is. */
const leavesOf = (root: object): Map<string, string> => {
  const leaves = new Map<string, string>();
  for (const entries of levelsOf(root)) {
    for (const [name, value] of entries) if (isLeaf(value) && !leaves.has(name)) leaves.set(name, String(value));
  }
  return leaves;
};

const objectNamed = (root: object, wanted: string): object | null => {
  for (const entries of levelsOf(root)) {
    const found = entries.find(([name, value]) => name === wanted && isObject(value));
    if (found) return found[1] as object;
  }
  return null;
};

function* levelsOf(root: object): Generator<[string, unknown][]> {
  let level: readonly object[] = [root];
  while (level.length > 0) {
    const entries = level.flatMap(entriesOf);
    yield entries;
    level = entries.map(([, value]) => value).filter(isObject);
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isLeaf = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);

const entriesOf = (node: object): [string, unknown][] =>
  Object.entries(node).map(([name, value]) => [name.toLowerCase(), value]);

const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? '');

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** One pass, so that &amp;lt; is the text &lt; and nothing grows. */
const decoded = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (all, decimal, hex, name) => {
    if (typeof name === 'string') return NAMED[name.toLowerCase()] ?? all;
    const code = typeof decimal === 'string' ? Number(decimal) : parseInt(String(hex), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });

const storable = (text: string): string =>
  text
    .slice(0, LONGEST_TEXT)
    .replace(/[\0\p{Surrogate}]/gu, '')
    .trim();
