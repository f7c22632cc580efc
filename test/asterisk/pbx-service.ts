/** The whole service on a real Asterisk, and users with phones. */
import { waitForConnections } from '../support/patient-pool.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import type { Asterisk } from './asterisk.js';
import type { Phone } from './phone.js';

/** A number ends with the port of its phone, so that phones can be added and removed while the service runs. */
export const DIAL = '+86139=PJSIP/phone/sip:phone@127.0.0.1:{rest},+86137=PJSIP/away';
export const numberOf = ({ port }: Pick<Phone, 'port'>): string => `+86139${String(port).padStart(8, '0')}`;
/** The number of a phone that has not registered. */
export const NUMBER_OF_NOBODY = '+8613700000000';

export const startPbxService = async (
  asterisk: Asterisk,
  environment: Readonly<Record<string, string>> = {},
  databaseUrl?: string,
): Promise<TestApp> => {
  const service = await startTestApp({
    ...(databaseUrl !== undefined && { databaseUrl }),
    environment: {
      ...asterisk.environment,
      ASTERISK_DIAL: DIAL,
      RING_CALLER: '2',
      RING_CALLEE: '2',
      SWEEP_EVERY: '0.2',
      ...environment,
    },
  });
  waitForConnections(service);
  return service;
};

let nextUser = 600_000;

/** Creates two users who can call each other. */
export const newPeople = async ({ database }: TestApp, callerPhone: string, calleePhone: string) => {
  const [callerId, calleeId] = [String(nextUser++), String(nextUser++)];
  await database.query(`insert into app_user (id, name, phone) values ($1, 'caller', $2), ($3, 'callee', $4)`, [
    callerId,
    callerPhone,
    calleeId,
    calleePhone,
  ]);
  await database.query(`insert into sub_account values ($1, 'asterisk', 'extension', 'none needed')`, [callerId]);
  return { callerId, calleeId };
};

export interface ShownCall {
  readonly provider: string;
  readonly stateType: string;
  readonly endReason: string | null;
  readonly endedBy: string | null;
  readonly talkSeconds: number | null;
  readonly recording: string | null;
  readonly providerCallId: string | null;
  readonly calleePhone: string;
  readonly huntedPhones: readonly string[] | null;
  readonly events: readonly {
    readonly eventId: string;
    readonly type: string;
    readonly provider: string;
    readonly detail: Readonly<Record<string, unknown>> | null;
  }[];
}

export const shownCall = async (service: TestApp, callSid: string): Promise<ShownCall> =>
  (await (await service.admin('GET', `calls/${callSid}`)).json()) as ShownCall;

export const reached = (service: TestApp, callSid: string, state: string): Promise<ShownCall> =>
  waitFor(`state ${state}`, async () => {
    const call = await shownCall(service, callSid);
    return call.stateType >= state && call;
  });

export const statesOf = ({ events }: ShownCall): string =>
  events
    .filter(({ provider }) => provider === 'asterisk')
    .map(({ type }) => type)
    .join(' ');
