/**
 * Reads and writes Yuntongxun's bodies, in JSON or XML. Its field names vary: `statusCode` or `statuscode`, beside the
 * object that it belongs to or inside it, with or without a `head`. So a body is read as its leaves, by lower-case
 * name. If a name occurs twice, the one nearer to the root counts, then the first.
 */
import { XMLParser } from 'fast-xml-parser';

export type WireFormat = 'json' | 'xml';

/**
 * Lower-case name -> text. Every text can be stored: no NUL, no unpaired surrogate, at most LONGEST_TEXT characters.
 */
export type WireFields = ReadonlyMap<string, string>;

export interface WireBody {
  readonly fields: WireFields;
  /** The leaves of the first object with that lower-case name; null if there is none. */
  readonly part: (name: string) => WireFields | null;
}

/** The message names the fault of the body and repeats none of its content. */
export class UnreadableBody extends Error {}

/** Longer than any field that is used; a URL is the longest. */
const LONGEST_TEXT = 2_000;

/**
 * Values stay text, because ids and codes may begin with zeros. Entities are left to `decoded`, which expands nothing.
 */
const PARSER = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  processEntities: false,
});

/**
 * @param root the name of the XML's root; JSON has none
 * @param fields texts only, also in JSON: the vendor's own clients quote even numbers
 */
export const writeBody = (format: WireFormat, root: string, fields: Readonly<Record<string, string>>): string =>
  format === 'json' ? JSON.stringify(fields) : writeXml(root, fields);

export const writeXml = (root: string, fields: Readonly<Record<string, string>>): string => {
  const leaves = Object.entries(fields).map(([name, value]) => `<${name}>${escaped(value)}</${name}>`);
  return `<?xml version="1.0" encoding="UTF-8"?><${root}>${leaves.join('')}</${root}>`;
};

/**
 * The first character decides the format, because the Content-Type is not reliable.
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
  if (!isObject(value)) throw new UnreadableBody('the JSON is not an object');
  return value;
};

/**
 * What may precede or follow the root: blanks, comments, processing instructions (XML 1.0, 2.8). Each character is read
 * once.
 */
const BESIDE_ROOT = /\s+|<!--[^]*?-->|<\?[^]*?\?>/y;
const ROOT = /<([\w.:-]+)/y;

/** Undefined unless the text is one complete root element. */
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
  // Yuntongxun never sends a document type, and parsing one is a risk.
  if (/<!DOCTYPE/i.test(text)) throw new UnreadableBody('the XML has a document type');
  // The parser accepts truncated documents, so a reply that was cut short would look complete.
  if (rootOf(text) === undefined) throw new UnreadableBody('the XML has no end, or no beginning');
  try {
    return PARSER.parse(text) as object;
  } catch {
    throw new UnreadableBody('the XML is not well-formed, or nested too deeply');
  }
};

/**
 * Level by level, so that leaves nearer to the root come first. Without recursion, because the depth is not limited.
 */
const leavesOf = (root: object): Map<string, string> => {
  const leaves = new Map<string, string>();
  for (const entries of levelsOf(root)) {
    for (const [name, value] of entries) {
      // The parser makes a list of elements with one name.
      const leaf: unknown = Array.isArray(value) ? value.find(isLeaf) : value;
      if (isLeaf(leaf) && !leaves.has(name)) leaves.set(name, String(leaf));
    }
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

/** One pass, so that &amp;lt; becomes the text &lt; and nothing grows. */
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
