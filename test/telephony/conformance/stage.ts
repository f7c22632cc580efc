/** A bench with a provider on it, and the steps that the tests share. */
import { randomUUID } from 'node:crypto';
import { CallRecorder } from '../../../src/call/call-recorder.js';
import type { ResilientProvider } from '../../../src/telephony/resilient-provider.js';
import { ProviderRegistry } from '../../../src/telephony/provider-registry.js';
import type {
  DialOutcome,
  DialRequest,
  ProviderEvent,
  ProviderEventType,
  RefusalCategory,
  WebhookReading,
  WebhookRequest,
} from '../../../src/telephony/telephony-provider.js';
import { shownCall, type ShownCall } from '../../asterisk/pbx-service.js';
import { waitForConnections } from '../../support/patient-pool.js';
import { storeCall } from '../../support/stored-call.js';
import { waitFor } from '../../support/wait-for.js';
import type { Bench, Caller, Mistake, Scenario } from './bench.js';

export interface PlacedCall {
  readonly callSid: string;
  readonly providerCallId: string;
}

export interface Delivery {
  readonly request: WebhookRequest;
  readonly reading: WebhookReading;
}

/** Of a number of a hunt. */
const RING_SECONDS = 120;
const SHORT_RING_SECONDS = 5;

/** Marks the requests that a test posts, because the provider's own requests may arrive at the same time. */
const MARK = 'x-posted-by-test';

/** Not used by any other test. */
let nextUser = 600_001;

const REPLY_LIMIT_MS = 10_000;
export const replyLimit = (): AbortSignal => AbortSignal.timeout(REPLY_LIMIT_MS);

/** A refusal by the provider itself. A refusal by the circuit has the code NOT-ASKED. */
export const refusal = (category: RefusalCategory): object => ({
  kind: 'refused',
  category,
  code: expect.stringMatching(/^(?!NOT-ASKED$)./),
  text: expect.stringMatching(/./),
});

export class Stage {
  readonly provider: ResilientProvider;
  /** Webhooks that came in, and how the provider read them. */
  readonly deliveries: Delivery[] = [];

  constructor(
    readonly bench: Bench,
    /** The events that the provider reports: a test cannot wait for others. */
    private readonly reports: readonly ProviderEventType[],
  ) {
    waitForConnections(bench.service);
    this.provider = bench.service.app.nest.get(ProviderRegistry).all[0]!;
    const read = this.provider.readWebhook;
    if (!read) return;
    const watched = (request: WebhookRequest): WebhookReading => {
      const reading = read(request);
      this.deliveries.push({ request, reading });
      return reading;
    };
    Object.assign(this.provider, { readWebhook: watched });
  }

  async request(how: Scenario | Mistake, caller?: Caller): Promise<DialRequest> {
    return this.stored(await this.bench.parties(how, caller));
  }

  /** Stores the record first, so that every event finds its call. */
  private async stored<Given extends Omit<DialRequest, 'callSid'>>(
    given: Given,
  ): Promise<Given & { readonly callSid: string }> {
    const { callSid } = await storeCall(this.bench.service.database, {
      ...given,
      hunt: given.hunt?.map(({ phone }) => phone),
      subAccount: given.subAccount.externalId,
      provider: this.provider.name,
    });
    return { ...given, callSid };
  }

  /** Of a call to several numbers, each of which does what its scenario says. One that rings on has a short time. */
  async hunt(
    ...scenarios: readonly Scenario[]
  ): Promise<{ readonly call: PlacedCall; readonly phones: readonly string[] }> {
    const request = await this.huntRequest(...scenarios);
    return { call: await this.dialled(request), phones: request.hunt.map(({ phone }) => phone) };
  }

  async dialled(request: DialRequest): Promise<PlacedCall> {
    return this.accepted(request, await this.provider.dial(request, replyLimit()));
  }

  async huntRequest(
    ...scenarios: readonly Scenario[]
  ): Promise<DialRequest & { readonly hunt: NonNullable<DialRequest['hunt']> }> {
    const parties = [];
    for (const scenario of scenarios) parties.push(await this.bench.parties(scenario));
    const phones = parties.map(({ calleePhone }) => calleePhone);
    const hunt = phones.map((phone, index) => ({
      phone,
      ringSeconds: scenarios[index] === 'rings on' && index < phones.length - 1 ? SHORT_RING_SECONDS : RING_SECONDS,
    }));
    return this.stored({ ...parties[0]!, hunt });
  }

  /** Two users of the directory, for a call through the service. */
  async users(how: Scenario): Promise<{ readonly callerId: string; readonly calleeId: string }> {
    const { callerPhone, calleePhone, subAccount } = await this.bench.parties(how);
    const [callerId, calleeId] = [String(nextUser++), String(nextUser++)];
    const { admin } = this.bench.service;
    const users = [
      { id: callerId, name: 'Caller', phone: callerPhone },
      { id: calleeId, name: 'Callee', phone: calleePhone },
    ];
    const answers = [
      await admin('PUT', 'users', { users }),
      await admin('PUT', `users/${callerId}/sub-accounts/${this.provider.name}`, subAccount),
    ];
    for (const { ok, status } of answers) if (!ok) throw new Error(`the directory answered with ${status}`);
    return { callerId, calleeId };
  }

  /** Whether it was placed or not. */
  async onlyCallOf(userId: string): Promise<ShownCall & { readonly callSid: string }> {
    const found = await this.bench.service.admin('GET', `calls?userId=${userId}`);
    const { items } = (await found.json()) as { readonly items: readonly { readonly callSid: string }[] };
    const [{ callSid } = { callSid: '' }, ...others] = items;
    expect(others).toEqual([]);
    return { ...(await shownCall(this.bench.service, callSid)), callSid };
  }

  async dial(scenario: Scenario, caller?: Caller): Promise<PlacedCall> {
    return this.dialled(await this.request(scenario, caller));
  }

  /** Stores the provider's id, as the service does: a provider may report events by its own id only. */
  async accepted({ callSid }: DialRequest, outcome: DialOutcome): Promise<PlacedCall> {
    if (outcome.kind !== 'accepted') throw new Error(`the dial was refused: ${outcome.code} ${outcome.text}`);
    const { providerCallId } = outcome;
    await this.bench.service.app.nest.get(CallRecorder).applyOwn(callSid, 'accepted', { providerCallId });
    return { callSid, providerCallId: providerCallId ?? (await this.idInFirstEvent(callSid)) };
  }

  private idInFirstEvent(callSid: string): Promise<string> {
    return waitFor('an event with the provider’s id', async () => {
      const { providerCallId } = await shownCall(this.bench.service, callSid);
      return providerCallId ?? false;
    });
  }

  async recorded(callSid: string, ...types: readonly ProviderEventType[]): Promise<ShownCall> {
    return waitFor(`${types.join(', ')} to be recorded`, async () => {
      const call = await shownCall(this.bench.service, callSid);
      return types.every((type) => call.events.some((event) => event.type === type)) && call;
    });
  }

  /** Waits for the phase at the provider, and for its event on record if the provider reports one. */
  async comesTo(callSid: string, phase: 'ringing' | 'talking'): Promise<void> {
    await waitFor(`the call to reach ${phase}`, async () => (await this.phaseOf(callSid)) === phase);
    const type = phase === 'ringing' ? 'ringing' : 'answered';
    if (this.reports.includes(type)) await this.recorded(callSid, type);
  }

  async dialTo(phase: 'ringing' | 'talking'): Promise<PlacedCall> {
    const call = await this.dial(phase === 'ringing' ? 'rings on' : 'answers and talks on');
    await this.comesTo(call.callSid, phase);
    return call;
  }

  phaseOf(callSid: string): Promise<string> {
    return this.bench.farSide.phaseOf(callSid);
  }

  /** The provider's events on record. */
  async eventsOf(callSid: string): Promise<ShownCall['events']> {
    const { events } = await shownCall(this.bench.service, callSid);
    return events.filter(({ provider }) => provider === this.provider.name);
  }

  /** The states of all changes that a client of the service sees, in order. */
  async changesOf(callSid: string): Promise<number[]> {
    const rows = await this.bench.service.database.query<{ change: { data: { stateType: string } } }[]>(
      'select change::json from call_events where call_sid = $1 and change is not null order by change_number',
      [callSid],
    );
    return rows.map(({ change }) => Number(change.data.stateType));
  }

  /** All webhooks about a call, after it has ended. */
  async deliveriesOf({ callSid, providerCallId }: PlacedCall): Promise<readonly Delivery[]> {
    const isOfCall = (event: ProviderEvent): boolean =>
      event.callSid === callSid || (event.callSid === null && event.providerCallId === providerCallId);
    await this.recorded(callSid, 'ended');
    return this.deliveries.filter(({ reading }) => reading.kind === 'genuine' && reading.events.some(isOfCall));
  }

  /** Webhooks that the provider itself has sent so far. */
  get sentByProvider(): readonly Delivery[] {
    return this.deliveries.filter(({ request }) => !(MARK in request.headers));
  }

  /** Posts a webhook again over HTTP, unchanged or altered by a test. */
  async post({ headers, body, target }: WebhookRequest): Promise<{ status: number; reading: WebhookReading | null }> {
    const ofConnection = /^(?:host|connection|content-length|transfer-encoding|accept-encoding)$/;
    const mark = randomUUID();
    const { status } = await fetch(this.bench.service.url + target, {
      method: 'POST',
      headers: {
        ...Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.test(name))),
        [MARK]: mark,
      },
      body: new Uint8Array(body),
    });
    return { status, reading: this.deliveries.find(({ request }) => request.headers[MARK] === mark)?.reading ?? null };
  }
}
