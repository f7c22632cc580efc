import { startTestApp, type TestApp } from '../support/test-app.js';
import { bodiesOf, fetchDocument, operationNamed, operationsOf, type ApiDocument } from './document.js';
import { checkWith, type SchemaCheck } from './schema-check.js';
import { examplesOf } from './shown-example.js';

let service: TestApp;
let document: ApiDocument;
let faultOf: SchemaCheck;

beforeAll(async () => {
  service = await startTestApp();
  document = await fetchDocument(service.url);
  faultOf = checkWith(document);
});
afterAll(() => service.close());

const parameters = () =>
  operationsOf(document).flatMap(({ name, operation }) =>
    (operation.parameters ?? []).map((parameter) => ({ where: `${name} ${parameter.name}`, parameter })),
  );

describe('every parameter', () => {
  it('is described and has a schema', () => {
    const bare = parameters().filter(({ parameter }) => !parameter.description || !parameter.schema?.type);

    expect(bare.map(({ where }) => where)).toEqual([]);
  });

  it('has an example or enum values that match its schema', () => {
    for (const { where, parameter } of parameters()) {
      const { example, schema = {} } = parameter;
      const [shown] = [example, schema.example, schema.examples?.[0], schema.default, schema.enum?.[0]].filter(
        (given) => given !== undefined,
      );

      expect({ where, shown }).toEqual({ where, shown: expect.anything() });
      expect({ where, fault: faultOf(schema, shown) }).toEqual({ where, fault: null });
    }
  });

  it('that is optional has no example value in the form, but one in its description', () => {
    const optional = parameters().filter(({ parameter }) => !parameter.required);

    for (const { where, parameter } of optional) {
      const [example] = parameter.schema?.examples ?? [];

      expect({ where, filledIn: parameter.example ?? parameter.schema?.example }).toEqual({ where });
      const shown = [example].flat().map((one) => `\`${String(one)}\``);
      if (example !== undefined) expect(parameter.description).toContain(`Such as ${shown.join(' or ')}.`);
    }
    expect(optional.length).toBeGreaterThan(5);
  });
});

describe('every reply', () => {
  it('is described', () => {
    const bare = operationsOf(document).flatMap(({ name, operation }) =>
      Object.entries(operation.responses).flatMap(([status, { description }]) =>
        description?.trim() ? [] : [`${name} ${status}`],
      ),
    );

    expect(bare).toEqual([]);
  });

  it('has a body, unless it is a 204', () => {
    const empty = operationsOf(document).flatMap(({ name, operation }) =>
      Object.entries(operation.responses).flatMap(([status, { content }]) => (content ? [] : [`${name} ${status}`])),
    );

    expect(empty.filter((where) => !where.endsWith(' 204'))).toEqual([]);
  });
});

describe('every body', () => {
  it('has a schema and examples that match it', () => {
    const bodies = bodiesOf(document);

    expect(bodies.length).toBeGreaterThan(100);
    for (const { where, body } of bodies) {
      expect({ where, schema: body.schema }).toEqual({ where, schema: expect.any(Object) });
      for (const example of examplesOf(document, body)) {
        expect({ where, example, fault: faultOf(body.schema!, example) }).toEqual({ where, example, fault: null });
      }
    }
  });
});

describe('the replies of the service', () => {
  const expectDocumented = async (operationId: string, response: Response): Promise<unknown> => {
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    const body: unknown = await response.json();
    const { responses } = operationNamed(document, operationId).operation;
    const schema = responses[response.status]?.content?.[type]?.schema;
    expect({ operationId, body, schema }).toEqual({ operationId, body, schema: expect.any(Object) });
    expect({ operationId, body, fault: faultOf(schema!, body) }).toEqual({ operationId, body, fault: null });
    return body;
  };

  it('match the document', async () => {
    const headers = { authorization: `Bearer ${await service.token('1001')}` };
    const asUser = (path: string) => fetch(`${service.url}/v1/app/${path}`, { headers });

    const placed = await expectDocumented('callUser', await asUser('call/2000'));
    const { callSid } = (placed as { data: { callSid: string } }).data;

    await expectDocumented('getCallState', await asUser(`callState/${callSid}`));
    await expectDocumented('getCallState', await asUser(`callState/${callSid}?after=1`));
    await expectDocumented('getCallState', await asUser(`callState/${callSid}?after=9`));
    await expectDocumented('cancelCall', await asUser('callCancel/1'));
    await expectDocumented('getCall', await service.admin('GET', `calls/${callSid}`));
    await expectDocumented('getCall', await service.admin('GET', 'calls/1'));
    await expectDocumented('listUsers', await service.admin('GET', 'users'));
    await expectDocumented('listUsers', await service.admin('GET', 'users?limit=0'));
    await expectDocumented('listServiceLines', await service.admin('GET', 'service-lines'));
    await expectDocumented('isLive', await fetch(`${service.url}/health/live`));
    await expectDocumented('isReady', await fetch(`${service.url}/health/ready`));
  });
});
