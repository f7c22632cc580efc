/** Bellhop's servers. The last two digits of the callee's number select the script. Time runs twenty times as fast. */
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const BELLHOP_SECRET = 'only Bellhop and the service know this';
export const BELLHOP_KEY = 'the key of a sub-account';

/** A dial, as Bellhop's document has it. */
export interface Order {
  readonly reference: string;
  readonly from: string;
  readonly to: string;
  /** Seconds that each phone rings. */
  readonly ring?: { readonly from?: number; readonly to?: number };
  /** The numbers that the two phones show. */
  readonly shows?: { readonly from?: string; readonly to?: string };
  /** Seconds of talk. */
  readonly limit?: number;
  /** Seconds before the limit at which both hear a tone. */
  readonly tone?: number;
  readonly record?: boolean;
}

interface Call extends Pick<Order, 'reference' | 'record'> {
  readonly id: string;
  readonly facts: Record<string, unknown>[];
  readonly timers: NodeJS.Timeout[];
}

export interface BellhopExchange {
  readonly port: number;
  /** The URL that its webhooks are posted to. */
  target: string;
  /** The callSid of each dial that was received. */
  readonly dials: string[];
  readonly orders: Order[];
  /** Answers the next dial with this refusal instead. */
  refuseNext(status: number, error: string, headers?: Readonly<Record<string, string>>): void;
  /** Facts so far of the call with our callSid. */
  factsOf(callSid: string): readonly string[];
  isOpen(callSid: string): boolean;
  close(): Promise<void>;
}

/** Seconds from the dial; the reason goes with the end. */
type Step = readonly [seconds: number, what: string, why?: string];
const PICKED_UP: Step = [2, 'caller picked up'];
const RINGS: Step = [3, 'callee rings'];
const TALKS: readonly Step[] = [PICKED_UP, RINGS, [6, 'callee picked up']];
const SCRIPTS: Readonly<Record<string, readonly Step[]>> = {
  '00': [...TALKS, [12, 'over', 'completed']],
  '01': [PICKED_UP, [3, 'over', 'busy']],
  '02': [PICKED_UP, RINGS, [60, 'over', 'no_answer']],
  '03': [PICKED_UP, RINGS, [4, 'over', 'rejected']],
  '04': [PICKED_UP, [3, 'over', 'unreachable']],
  '13': TALKS,
};
const SECOND_MS = 50;

type Answer = readonly [status: number, body?: object, headers?: Readonly<Record<string, string>>];
/** Also for a call that has ended. */
const NO_SUCH_CALL: Answer = [404, { error: 'no_such_call', message: 'no such call goes on' }];

export const startBellhopExchange = async (): Promise<BellhopExchange> => {
  const calls: Call[] = [];
  let refusal: Answer | undefined;

  const addFact = (call: Call, what: string, why?: string): void => {
    const { id, reference, record, facts, timers } = call;
    const talked = facts.some((fact) => fact.what === 'callee picked up');
    const tape = record && talked && what === 'over' ? `https://tapes.bellhop.example/${id}` : undefined;
    const fact = { id, reference, number: facts.length + 1, what, at: new Date().toISOString(), why, tape };
    facts.push(fact);
    if (what === 'over') timers.forEach(clearTimeout);
    const body = JSON.stringify(fact);
    const signature = createHmac('sha256', BELLHOP_SECRET).update(body).digest('hex');
    void fetch(exchange.target, { method: 'POST', body, headers: { 'bellhop-signature': signature } }).catch(
      () => undefined,
    );
  };

  const place = ({ reference, to, limit, record }: Order): Answer => {
    const script = SCRIPTS[to.slice(-2)];
    if (!script) return [422, { error: 'no_such_number', message: 'there is no such number' }];
    const call: Call = { id: randomUUID(), reference, facts: [], timers: [], ...(record && { record }) };
    calls.push(call);
    addFact(call, 'taken');
    const answered = script.find(([, what]) => what === 'callee picked up')?.[0];
    const last = answered === undefined || limit === undefined ? Infinity : answered + limit;
    const steps: readonly Step[] = script.some(([, what]) => what === 'over')
      ? script
      : [...script, [Infinity, 'over', 'completed']];
    const limited = steps.map(([seconds, ...step]): Step => [Math.min(seconds, last), ...step]);
    call.timers.push(
      ...limited
        .filter(([seconds]) => seconds < Infinity)
        .map(([seconds, what, why]) =>
          setTimeout(() => {
            addFact(call, what, why);
          }, seconds * SECOND_MS),
        ),
    );
    return [201, { id: call.id }];
  };

  const hangUp = (call: Call): Answer => {
    if (call.facts.at(-1)?.what === 'over') return NO_SUCH_CALL;
    addFact(call, 'over', call.facts.some(({ what }) => what === 'callee picked up') ? 'completed' : 'canceled');
    return [204];
  };

  const answerTo = async ({ method, url = '', headers }: IncomingMessage, body: string): Promise<Answer> => {
    if (url === '/ping') return [200, {}];
    if (method === 'POST') {
      const order = JSON.parse(body) as Order;
      exchange.dials.push(order.reference);
      exchange.orders.push(order);
      const prepared = refusal;
      refusal = undefined;
      if (prepared) return prepared;
      const isKnown = headers.authorization === `Bearer ${BELLHOP_KEY}`;
      return isKnown ? place(order) : [401, { error: 'no_such_key', message: 'there is no such key' }];
    }
    const call = calls.find(({ id, reference }) => url === `/calls/${id}` || url === `/references/${reference}`);
    if (!call) return NO_SUCH_CALL;
    return method === 'DELETE' ? hangUp(call) : [200, { facts: call.facts }];
  };

  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [status, body, headers] = await answerTo(request, await text(request));
    response.writeHead(status, headers).end(body && JSON.stringify(body));
  };
  const server = createServer((request, response) => void reply(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const exchange: BellhopExchange = {
    port: (server.address() as AddressInfo).port,
    target: '',
    dials: [],
    orders: [],
    refuseNext: (status, error, headers) => (refusal = [status, { error, message: `it is ${error}` }, headers]),
    factsOf: (callSid) =>
      (calls.find(({ reference }) => reference === callSid)?.facts ?? []).map(({ what }) => String(what)),
    isOpen(callSid) {
      const call = calls.find(({ reference }) => reference === callSid);
      return call !== undefined && call.facts.at(-1)?.what !== 'over';
    },
    async close() {
      for (const { timers } of calls) timers.forEach(clearTimeout);
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return exchange;
};
