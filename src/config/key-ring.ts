import { createSecretKey, type KeyObject } from 'node:crypto';

/** A key for secrets at rest. Its name is stored with what it has encrypted. Its bytes never leave the KeyObject. */
export interface NamedKey {
  readonly name: string;
  readonly key: KeyObject;
}

/** The first encrypts, all decrypt. */
export type KeyRing = readonly [NamedKey, ...NamedKey[]];

/** AES-256. */
const SHAPE = /^([\w.-]{1,64}):([A-Za-z0-9+/]{43}=)$/;

/** @throws Error with what was expected; it never repeats the text */
export const readKeyRing = (text: string): KeyRing => {
  const [first = '', ...more] = text.split(',');
  const ring: KeyRing = [readKey(first), ...more.map(readKey)];
  if (new Set(ring.map(({ name }) => name)).size < ring.length) throw new Error('expected no name twice');
  return ring;
};

const readKey = (text: string): NamedKey => {
  const [, name, bytes] = SHAPE.exec(text.trim()) ?? [];
  if (name === undefined || bytes === undefined) {
    throw new Error('expected name:key, the key 32 bytes in base64, comma-separated');
  }
  return { name, key: createSecretKey(Buffer.from(bytes, 'base64')) };
};
