/**
 * What a collector would refuse or drop of a request of OTLP over HTTP, in JSON. Fields and types are those of opentelemetry-proto
 * (collector/trace/v1, trace/v1, common/v1, resource/v1). In JSON, ids are hexadecimal, enumerations are numbers, 64-bit integers
 * are decimal texts, and names are in lowerCamelCase (OTLP specification, JSON Protobuf Encoding).
 */
type Check = (value: unknown, path: string) => string[];

const that =
  (what: string, isRight: (value: unknown) => boolean): Check =>
  (value, path) =>
    isRight(value) ? [] : [`${path}: expected ${what}, got ${JSON.stringify(value)}`];

const text = that('a text', (value) => typeof value === 'string');
const matching = (pattern: RegExp): Check =>
  that(String(pattern), (value) => typeof value === 'string' && pattern.test(value));
const numberTo = (most: number): Check =>
  that(`a whole number to ${most}`, (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most);

const list =
  (check: Check): Check =>
  (value, path) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => check(item, `${path}[${index}]`))
      : [`${path}: expected a list, got ${JSON.stringify(value)}`];

/** @param required fields without which the message says nothing, though Protobuf would allow it */
const message =
  (fields: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: expected a message`];
    const missing = required.filter((name) => !(name in value)).map((name) => `${path}/${name}: missing`);
    return Object.entries(value).reduce<string[]>((faults, [name, own]) => {
      const check = fields[name];
      return faults.concat(check ? check(own, `${path}/${name}`) : [`${path}/${name}: no such field`]);
    }, missing);
  };

const TRACE_ID = matching(/^(?!0{32})[0-9a-f]{32}$/);
const SPAN_ID = matching(/^(?!0{16})[0-9a-f]{16}$/);
const NANOSECONDS = matching(/^[1-9][0-9]{18}$/);
const COUNT = numberTo(2 ** 32 - 1);

const KINDS_OF_VALUE: Readonly<Record<string, Check>> = {
  stringValue: text,
  boolValue: that('true or false', (value) => typeof value === 'boolean'),
  intValue: that('an integer', (value) => /^-?[0-9]+$/.test(String(value))),
  doubleValue: that('a number', (value) => typeof value === 'number'),
};

const anyValue: Check = (value, path) => [
  ...message(KINDS_OF_VALUE)(value, path),
  ...that('one kind of value', (one) => Object.keys(one as object).length === 1)(value ?? {}, path),
];

const attributes = list(message({ key: text, value: anyValue }, ['key', 'value']));

const span = message(
  {
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    parentSpanId: SPAN_ID,
    traceState: text,
    flags: COUNT,
    name: text,
    kind: numberTo(5),
    startTimeUnixNano: NANOSECONDS,
    endTimeUnixNano: NANOSECONDS,
    attributes,
    droppedAttributesCount: COUNT,
    events: list(
      message({ timeUnixNano: NANOSECONDS, name: text, attributes, droppedAttributesCount: COUNT }, ['timeUnixNano']),
    ),
    droppedEventsCount: COUNT,
    links: list(message({ traceId: TRACE_ID, spanId: SPAN_ID, traceState: text, flags: COUNT, attributes })),
    droppedLinksCount: COUNT,
    status: message({ message: text, code: numberTo(2) }),
  },
  ['traceId', 'spanId', 'name', 'kind', 'startTimeUnixNano', 'endTimeUnixNano'],
);

const scope = message({ name: text, version: text, attributes, droppedAttributesCount: COUNT });

const exportRequest = message(
  {
    resourceSpans: list(
      message(
        {
          resource: message({ attributes, droppedAttributesCount: COUNT }),
          scopeSpans: list(message({ scope, spans: list(span), schemaUrl: text }, ['spans'])),
          schemaUrl: text,
        },
        ['resource', 'scopeSpans'],
      ),
    ),
  },
  ['resourceSpans'],
);

export const otlpFaults = (request: unknown): string[] => exportRequest(request, '');
