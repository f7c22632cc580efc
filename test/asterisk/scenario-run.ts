/** Runs a scenario and collects its outcome: record, states, phones and detail records. */
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import type { Asterisk } from './asterisk.js';
import type { CallDetail } from './call-detail.js';
import { newPeople, NUMBER_OF_NOBODY, numberOf, reached, shownCall, statesOf, type ShownCall } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import type { Scenario } from './scenarios.js';

export interface Outcome {
  readonly call: ShownCall;
  /** The states that a client of the call sees. */
  readonly states: readonly string[];
  readonly seenByA: readonly string[];
  readonly seenByB: readonly string[];
  readonly details: readonly CallDetail[];
  /** The replies to a cancel, and to a second one. */
  readonly cancels: readonly string[];
}

interface Place {
  readonly asterisk: Asterisk;
  readonly service: TestApp;
}

/** A port that nothing listens on. */
const DEAD = { port: 9 };

/** @param startedPhones phones that this function started; the caller must end them */
export const placeCall = async (
  { asterisk, service }: Place,
  a: Scenario['a'],
  b: Scenario['b'],
  startedPhones: Phone[],
) => {
  const [legA, legB] = await Promise.all(
    [a, b].map(async (party) => {
      if (typeof party === 'string') return null;
      const phone = await startPhone(asterisk.folder, party);
      startedPhones.push(phone);
      return phone;
    }),
  );
  const number = (leg: Phone | null | undefined, party: Scenario['a']): string =>
    party === 'nobody' ? NUMBER_OF_NOBODY : numberOf(leg ?? DEAD);
  const people = await newPeople(service, number(legA, a), number(legB, b));
  const { data, returnMsg } = await service.ask(people.callerId, `call/${people.calleeId}`);
  return { ...people, legA, legB, callSid: data?.callSid ?? '', returnMsg };
};

export const runScenario = async (place: Place, scenario: Scenario): Promise<Outcome> => {
  const { asterisk, service } = place;
  const { a, b, cancelAfter, story, aSaw = [], bSaw = [] } = scenario;
  const phones: Phone[] = [];
  try {
    const { callSid, callerId, legA, legB } = await placeCall(place, a, b, phones);
    const cancels: string[] = [];
    const cancel = async (): Promise<void> => {
      const { data, returnMsg } = await service.ask(callerId, `callCancel/${callSid}`);
      cancels.push(data?.isSuccess ?? returnMsg);
    };
    if (cancelAfter) {
      await reached(service, callSid, cancelAfter);
      await cancel();
      await cancel();
    }
    await reached(service, callSid, '4');
    // Asterisk's ended event arrives after an end that we ordered.
    const call = await waitFor('the whole story', async () => {
      const shown = await shownCall(service, callSid);
      return statesOf(shown).length >= story.length && shown;
    });
    await waitFor('no channel', async () =>
      (await asterisk.channels()).every(({ accountcode, id }) => accountcode !== callSid && !id.startsWith(callSid)),
    );
    const seenBy = async (leg: Phone | null | undefined, expected: readonly string[]): Promise<readonly string[]> => {
      const sawAll = async () => {
        const seen = (await leg?.seen()) ?? [];
        return expected.every((one) => seen.includes(one)) && seen;
      };
      return waitFor(`the phone of ${scenario.name}`, sawAll);
    };
    const { data } = (await service.ask(callerId, `callState/${callSid}?after=0&wait=1`)) as unknown as {
      data: { changes: { data: { stateType: string } }[] };
    };
    return {
      call,
      cancels,
      states: [...new Set(data.changes.map((change) => change.data.stateType))],
      seenByA: await seenBy(legA, aSaw),
      seenByB: await seenBy(legB, bSaw),
      details: await waitFor('the detail records', async () => {
        const records = await asterisk.callDetails(callSid);
        return records.length > 0 && records;
      }),
    };
  } finally {
    await Promise.all(phones.map((phone) => phone.end()));
  }
};

/** Runs the scenarios in order, `atOnce` at a time. @returns the outcomes by name */
export const runScenarios = (
  place: Place,
  scenarios: readonly Scenario[],
  atOnce: number,
): ReadonlyMap<string, Promise<Outcome>> => {
  const running: Promise<unknown>[] = [];
  return new Map(
    scenarios.map((scenario, index) => {
      const freeSlot = index < atOnce ? Promise.resolve() : running[index - atOnce];
      const outcome = (async () => {
        await freeSlot;
        return runScenario(place, scenario);
      })();
      running.push(outcome.catch(() => undefined));
      return [scenario.name, outcome];
    }),
  );
};
