/** The client, loaded from its source. client.test.ts has the compiled package and its types. */
import type { CallChange } from '../../src/call/record/call-change.js';

/** As far as the tests use it. */
export interface Client {
  call(targetId: string): Promise<string>;
  watch(callSid: string, options?: object): AsyncGenerator<CallChange, void, void>;
}

/** A `string`, so that the compiler does not resolve it: the client's types are generated when it is packed. */
const SOURCE: string = '../../client/src/ringback.js';

export const loadClient = async (): Promise<new (options: object) => Client> =>
  ((await import(SOURCE)) as { readonly Ringback: new (options: object) => Client }).Ringback;

export const statesOf = async (changes: AsyncIterable<CallChange>): Promise<string[]> => {
  const states: string[] = [];
  for await (const { data } of changes) states.push(data.stateType);
  return states;
};

export const CALL_SID = '1'.repeat(32);
export const changeOf = (number: number, stateType: string): string => JSON.stringify({ data: { number, stateType } });
