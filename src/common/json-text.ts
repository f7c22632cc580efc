/**
 * JSON.parse (RFC 8259) in steps and with limits. JSON.parse takes over a second for 8 MB of brackets or keys, and
 * blocks all other requests. Deeply nested results overflow the stack of their readers.
 */
import { AppError } from './error-table.js';
import { nextTurn } from './next-turn.js';

/** Our own bodies have three levels. */
export const DEEPEST = 32;
/** A body with 10,000 users has 50,000 values, and 100,000 if each has a sub-account; this allows for a second one. */
export const MAX_VALUES = 150_000;
/** Characters per string: far more than any field of ours, and still parsed in one step. */
export const LONGEST_STRING = 256 * 1024;
/** Each step takes a few milliseconds. */
const VALUES_A_STEP = 1_000;
const CHARACTERS_A_STEP = 256 * 1024;

const OPENED = Symbol('opened');

/**
 * The names that every object has. Some would change its prototype or type, and class-transformer drops all of them
 * without a word.
 */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['prototype', ...Object.getOwnPropertyNames(Object.prototype)]);

const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/** @throws AppError BAD_REQUEST or TOO_LARGE; it repeats none of the text */
export const readJsonText = async (text: string): Promise<unknown> => {
  const steps = new Reader(text).steps();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await nextTurn();
  }
};

class Reader {
  private position: number;
  private values = 0;
  /** The open containers, outermost first; for an object, with the key whose value is read next. */
  private readonly open: { readonly container: unknown[] | Record<string, unknown>; key: string }[] = [];
  private readonly mark = /[^ \t\n\r]/g;
  private readonly word = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

  constructor(private readonly text: string) {
    // RFC 8259, 8.1: a byte order mark may be ignored.
    this.position = text.startsWith('\ufeff') ? 1 : 0;
  }

  *steps(): Generator<void, unknown> {
    let pauseAt = CHARACTERS_A_STEP;
    for (;;) {
      if (++this.values > MAX_VALUES) throw tooLarge(`more than ${MAX_VALUES} values`);
      if (this.values % VALUES_A_STEP === 0 || this.position > pauseAt) {
        pauseAt = this.position + CHARACTERS_A_STEP;
        yield;
      }
      const value = this.begin();
      if (value === OPENED) continue;
      const whole = this.put(value);
      if (whole) return this.end(whole.value);
    }
  }

  /** Reads a scalar or an empty container. A container with content is opened, and its first value is read next. */
  private begin(): unknown {
    const bracket = this.peek();
    if (bracket !== '[' && bracket !== '{') return this.scalar();
    if (this.open.length >= DEEPEST) {
      throw new AppError('BAD_REQUEST', { detail: `The body is nested more than ${DEEPEST} deep.` });
    }
    this.position++;
    const container = bracket === '[' ? [] : {};
    if (this.peek() === (bracket === '[' ? ']' : '}')) {
      this.position++;
      return container;
    }
    this.open.push({ container, key: bracket === '{' ? this.key() : '' });
    return OPENED;
  }

  /**
   * Adds the value to its container, and closes containers that end after it. @returns the outermost value once it is
   * complete
   */
  private put(read: unknown): { readonly value: unknown } | null {
    let value = read;
    for (;;) {
      const parent = this.open.at(-1);
      if (!parent) return { value };
      const { container, key } = parent;
      if (Array.isArray(container)) container.push(value);
      else container[key] = value;
      const character = this.peek();
      this.position++;
      if (character === ',') {
        if (!Array.isArray(container)) parent.key = this.key();
        return null;
      }
      if (character !== (Array.isArray(container) ? ']' : '}')) throw this.malformed();
      this.open.pop();
      value = container;
    }
  }

  private key(): string {
    if (this.peek() !== '"') throw this.malformed();
    const key = this.string();
    if (FORBIDDEN_KEYS.has(key)) throw new AppError('BAD_REQUEST', { detail: `The body has a key ${key}.` });
    if (this.peek() !== ':') throw this.malformed();
    this.position++;
    return key;
  }

  private scalar(): unknown {
    if (this.peek() === '"') return this.string();
    this.word.lastIndex = this.position;
    const [word] = this.word.exec(this.text) ?? [];
    if (word === undefined) throw this.malformed();
    this.position += word.length;
    return word in WORDS ? WORDS[word] : Number(word);
  }

  private string(): string {
    const start = this.position;
    let end = start;
    do {
      end = this.text.indexOf('"', end + 1);
      if (end === -1) throw this.malformed();
      if (end - start > LONGEST_STRING) throw tooLarge(`a string of more than ${LONGEST_STRING} characters`);
    } while (this.isEscaped(end, start));
    this.position = end + 1;
    try {
      return JSON.parse(this.text.slice(start, end + 1)) as string;
    } catch {
      this.position = start;
      throw this.malformed();
    }
  }

  private isEscaped(quote: number, start: number): boolean {
    let first = quote;
    while (first - 1 > start && this.text[first - 1] === '\\') first--;
    return (quote - first) % 2 === 1;
  }

  /** The next character that is not white space. */
  private peek(): string | undefined {
    const character = this.text[this.position];
    if (character === undefined || character > ' ') return character;
    this.mark.lastIndex = this.position;
    this.position = this.mark.exec(this.text)?.index ?? this.text.length;
    return this.text[this.position];
  }

  private end(value: unknown): unknown {
    if (this.peek() !== undefined) throw this.malformed();
    return value;
  }

  private malformed(): AppError {
    return new AppError('BAD_REQUEST', { detail: `The body is not valid JSON, from character ${this.position + 1}.` });
  }
}

const tooLarge = (what: string): AppError => new AppError('TOO_LARGE', { detail: `The body has ${what}.` });
