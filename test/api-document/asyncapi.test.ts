/** The AsyncAPI document is valid, and the service sends what it describes: real streams and webhooks are compared with it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import { backend } from '../support/backend.js';
import { openStream } from '../support/event-stream.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type ReceivedWebhook, type WebhookReceiver } from '../support/webhook-receiver.js';
import { fetchDocument, operationsOf, type Schema } from './document.js';

interface Message {
  readonly headers?: Schema;
  readonly payload: Schema;
  readonly examples: readonly {
    readonly name: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly payload: Payload;
  }[];
}

interface Payload {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Channel {
  readonly address: string | null;
  readonly parameters?: object;
  readonly messages: Readonly<Record<string, Message>>;
}

interface AsyncDocument {
  readonly asyncapi: string;
  readonly info: { readonly version: string };
  readonly channels: Readonly<Record<string, Channel>>;
  readonly operations: Readonly<Record<string, { readonly channel: { readonly $ref: string } }>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

let service: TestApp;
let receiver: WebhookReceiver;
let document: AsyncDocument;

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  service = await startTestApp({ environment: { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' } });
  document = (await (await fetch(`${service.url}/docs/asyncapi.json`)).json()) as AsyncDocument;
});
afterAll(async () => {
  await service.close();
  await receiver.close();
});

const validators = new Map<Schema, ValidateFunction>();

/** JSON Schema draft 07, the dialect of AsyncAPI. @returns the fault of the value, or null */
const faultOf = (schema: Schema, value: unknown): string | null => {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  ajv.addKeyword('components');
  ajv.addFormat('date-time', RFC_3339);
  const validate = validators.get(schema) ?? ajv.compile({ ...schema, components: document.components });
  validators.set(schema, validate);
  return validate(value) ? null : ajv.errorsText(validate.errors);
};

const messages = () =>
  Object.entries(document.channels).flatMap(([channel, described]) =>
    Object.entries(described.messages).map(([name, message]) => ({ channel, name, message })),
  );

/** The schema allows fields of later versions, so they are compared apart. */
const fieldsOf = (schema: Schema): string[] => {
  const { properties } = schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)!]! : schema;
  const { data } = properties!;
  const inner = data!.$ref ? document.components.schemas[data!.$ref.split('/').at(-1)!]! : data!;
  return Object.keys(inner.properties!);
};

const expectDescribed = ({ payload: schema }: Message, payload: Payload): void => {
  expectMatch(schema, payload);
  const unknown = Object.keys(payload.data).filter((field) => !fieldsOf(schema).includes(field));
  expect({ payload, unknown }).toEqual({ payload, unknown: [] });
};

const expectMatch = (schema: Schema, payload: object): void => {
  expect({ payload, fault: faultOf(schema, payload) }).toEqual({ payload, fault: null });
};

/** A JSON pointer of the document, such as `#/servers/ringback`. */
const targetOf = (reference: string): unknown =>
  reference
    .split('/')
    .slice(1)
    .reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], document);

describe('the document', () => {
  it('is valid by the JSON schema of AsyncAPI', async () => {
    const path = createRequire(import.meta.url).resolve(`@asyncapi/specs/schemas/${document.asyncapi}.json`);
    // The file has a copy of its own meta-schema.
    const ajv = new Ajv({ strict: false, meta: false, validateSchema: false, validateFormats: false });

    const validate = ajv.compile(JSON.parse(await readFile(path, 'utf8')) as object);

    expect({ isValid: validate(document), faults: validate.errors }).toEqual({ isValid: true, faults: null });
    expect(validate({ ...document, channels: { one: { address: 1 } } })).toBe(false);
  });

  it('has no reference that leads nowhere, and the parameters of its addresses', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!);

    expect(references.length).toBeGreaterThan(10);
    expect(references.filter((reference) => targetOf(reference) === undefined)).toEqual([]);
    for (const { address, parameters = {} } of Object.values(document.channels)) {
      const names = [...(address ?? '').matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect({ address, names: Object.keys(parameters) }).toEqual({ address, names });
    }
  });

  it('is AsyncAPI 3, with the version of the service', async () => {
    const { version } = (await (await fetch(`${service.url}/health/live`)).json()) as { version: string };

    expect(document.asyncapi).toMatch(/^3\.\d+\.\d+$/);
    expect(document.info.version).toBe(version);
  });

  it('has a channel for each event stream, and a message for each webhook, of the OpenAPI document', async () => {
    const openApi = await fetchDocument(service.url);
    const { webhooks } = openApi as unknown as { readonly webhooks: object };
    const streams = operationsOf(openApi).filter(
      ({ operation }) => operation.responses['200']?.content?.['text/event-stream'],
    );

    const { webhooks: ofBackends, ...ofStreams } = document.channels;

    expect(streams.length).toBeGreaterThan(1);
    expect(Object.entries(ofStreams).map(([id, { address }]) => [id, address])).toEqual(
      streams.map(({ path, operation }) => [operation.operationId, path]),
    );
    expect(Object.keys(ofBackends!.messages)).toEqual(Object.keys(webhooks));
    expect(Object.keys(document.operations)).toEqual([...Object.keys(ofStreams), ...Object.keys(webhooks)]);
  });

  it('has examples of every message, which match its schemas', () => {
    for (const { channel, name, message } of messages()) {
      expect({ channel, name, examples: message.examples.length > 0 }).toEqual({ channel, name, examples: true });
      for (const { payload, headers } of message.examples) {
        if ('data' in payload) expectDescribed(message, payload);
        else expectMatch(message.payload, payload);
        if (headers) expect({ name, fault: faultOf(message.headers!, headers) }).toEqual({ name, fault: null });
      }
    }
  });
});

/** Each with its address, as a client would use the document. */
const watch = async (channel: string, callSid: string, headers: Readonly<Record<string, string>>) => {
  const { address, messages: described } = document.channels[channel]!;
  const stream = await openStream(`${service.url}${address!.replace('{callSid}', callSid)}`, {
    ...headers,
    'last-event-id': '0',
  });
  await stream.ended;
  return { events: stream.events, message: described.event! };
};

describe('a real stream', () => {
  it('of an app sends messages as described, and as in the examples', async () => {
    const { data } = await service.ask('1001', 'call/2000');

    const { events, message } = await watch('streamCallState', data!.callSid!, {
      authorization: `Bearer ${await service.token('1001')}`,
    });

    expect(events.map(({ change }) => change.type)).toEqual([
      'call.requested',
      'call.ringing',
      'call.answered',
      'call.over',
    ]);
    for (const { id, change } of events) {
      expect(faultOf(message.headers!, { id })).toBeNull();
      expectDescribed(message, change);
    }
    for (const { payload } of message.examples) {
      const real = events.find(({ change }) => change.type === payload.type)!.change;
      expect(Object.keys(payload)).toEqual(Object.keys(real));
      expect(Object.keys(payload.data)).toEqual(Object.keys(real.data));
      expect(payload.data.stateType).toBe(real.data.stateType);
    }
  });

  it('of a backend sends messages as described', async () => {
    const { body } = await backend(service).place({
      caller: { phone: '+8613900010010' },
      callee: { phone: '+8613900020001' },
      metadata: { ticket: '4711' },
    });

    const { events, message } = await watch('followPlacedCall', String(body.callSid), {
      authorization: `Bearer ${await service.token('9001', 'calls:read')}`,
    });

    expect(events.at(-1)?.change.data.stateType).toBe('4');
    for (const { change } of events) expectDescribed(message, change);
  });

  it('of all live calls sends messages as described', async () => {
    const { address, messages: described } = document.channels.watchCalls!;
    const stream = await openStream(`${service.url}${address!}`, {
      authorization: `Bearer ${await service.token('1001', 'admin')}`,
    });
    expect(await service.ask('1001', 'call/2000')).toMatchObject({ returnCode: 200 });
    await waitFor('the end', () => stream.text().includes('call.over'));
    stream.close();

    const sent = [...stream.text().matchAll(/^data: (.*)\n\n/gm)].map(([, data]) => JSON.parse(data!) as object);

    expect(sent.map((payload) => Object.keys(payload)[0])).toContain('changes');
    for (const payload of sent) expectMatch(described.event!.payload, payload);
  });

  it('is compared for every channel', () => {
    expect(Object.keys(document.channels)).toEqual(['streamCallState', 'watchCalls', 'followPlacedCall', 'webhooks']);
  });
});

describe('a real webhook', () => {
  const TYPES: Readonly<Record<string, RegExp>> = {
    callChange: /^call\./,
    protectionFrozen: /^protection\.frozen$/,
    webhookTest: /^webhook\.test$/,
  };

  it('is as described, of every message', async () => {
    const { id } = await registerEndpoint(service, { url: receiver.url });
    const { data } = await service.ask('1004', 'call/2000');
    expect((await service.admin('POST', 'freezes', { kind: 'country', subject: 'GB' })).status).toBe(201);
    expect((await service.admin('POST', `webhook-endpoints/${id}/test`)).status).toBe(200);
    const ofType = (type: RegExp): ReceivedWebhook[] =>
      receiver.received.filter(({ change }) => type.test(change.type));
    await waitFor('every webhook', () => Object.values(TYPES).every((type) => ofType(type).length > 0));
    await waitFor('the end of the call', () =>
      receiver.received.some(({ change }) => change.type === 'call.over' && change.data.callSid === data!.callSid),
    );

    expect(Object.keys(document.channels.webhooks!.messages)).toEqual(Object.keys(TYPES));
    for (const [name, message] of Object.entries(document.channels.webhooks!.messages)) {
      for (const { headers, change } of ofType(TYPES[name]!)) {
        expect({ name, fault: faultOf(message.headers!, headers) }).toEqual({ name, fault: null });
        expectDescribed(message, change);
        for (const { payload } of message.examples.filter(({ payload: { type } }) => type === change.type)) {
          expect({ name, fields: Object.keys(payload.data) }).toEqual({ name, fields: Object.keys(change.data) });
        }
      }
    }
    expect(receiver.accepted(data!.callSid)).toHaveLength(4);
  });
});
