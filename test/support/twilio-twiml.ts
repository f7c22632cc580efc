/** Parses TwiML with one Dial and one Number, or a Gather with one Say, as in Twilio's reference; refuses anything else. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';

export interface DialInstruction {
  readonly number: string;
  /** Where the result of machine detection is posted; null for none. */
  readonly amdStatusCallback: string | null;
  /** The document that leg B hears after its answer, before the two are joined; null for none. */
  readonly whisperUrl: string | null;
  /** Tones after the answer; w is a pause of half a second. */
  readonly sendDigits: string | null;
  readonly callerId: string;
  readonly action: string | null;
  readonly timeoutSeconds: number;
  readonly timeLimitSeconds: number;
  readonly records: boolean;
  readonly statusCallback: string | null;
  readonly statusCallbackEvents: readonly string[];
}

export interface GatherInstruction {
  readonly action: string;
  readonly timeoutSeconds: number;
  readonly says: string;
  /** Where the document goes on if no key is pressed; null if the action tells that too. */
  readonly redirect: string | null;
}

/** How a company's Gather differs. */
export interface GatherForm {
  /** Whether it has actionOnEmptyResult. Without it, the document must go on. */
  readonly tellsNoKey: boolean;
  readonly longestTimeout: number;
  /** Attributes of Say, as `language=zh-CN`. */
  readonly voices: readonly string[];
}

export const TWILIO_GATHER: GatherForm = {
  tellsNoKey: true,
  longestTimeout: 600,
  voices: ['language=zh-CN', 'language=en-US'],
};

/** Twilio's error 12100: the document cannot be parsed. */
export class BadTwiml extends Error {}

export const CALL_EVENTS = ['initiated', 'ringing', 'answered', 'completed'];
const DIAL_ATTRIBUTES = [
  'callerId',
  'timeout',
  'timeLimit',
  'answerOnBridge',
  'action',
  'method',
  'record',
  'hangupOnStar',
];
const GATHER_ATTRIBUTES = ['numDigits', 'finishOnKey', 'timeout', 'action', 'method'];
const NUMBER_ATTRIBUTES = [
  'statusCallback',
  'statusCallbackMethod',
  'statusCallbackEvent',
  'sendDigits',
  'url',
  'machineDetection',
  'amdStatusCallback',
  'amdStatusCallbackMethod',
];
const RECORD = ['do-not-record', 'record-from-answer', 'record-from-ringing', 'record-from-answer-dual'];

type Node = Record<string, unknown>;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  ignoreDeclaration: true,
});

const parse = (document: string): Node => {
  // oxlint-disable-next-line typescript/no-deprecated -- its successor would be a package of its own
  const valid = XMLValidator.validate(document);
  if (valid !== true) throw new BadTwiml(valid.err.msg);
  const { Response: response, ...others } = parser.parse(document) as Record<string, unknown>;
  if (response === undefined || Object.keys(others).length > 0) throw new BadTwiml('the root is no Response');
  return typeof response === 'object' ? (response as Node) : {};
};

const attribute = (node: Node, name: string): string | null => (node[`@${name}`] as string | undefined) ?? null;

const expectOnly = (what: string, node: Node, children: string[], attributes: string[]): void => {
  const known = [...children, ...attributes.map((name) => `@${name}`)];
  const strange = Object.keys(node).filter((name) => !known.includes(name));
  if (strange.length > 0) throw new BadTwiml(`${what} knows no ${strange.join(', ')}`);
};

const whole = (node: Node, name: string, fallback: number, most: number): number => {
  const text = attribute(node, name);
  if (text === null) return fallback;
  if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > most) throw new BadTwiml(`${name} is ${text}`);
  return Number(text);
};

const isUrl = (text: string | null): boolean => text === null || /^https?:\/\/[^\s"<>]+$/.test(text);

export const readDial = (document: string): DialInstruction => {
  const response = parse(document);
  expectOnly('Response', response, ['Dial'], []);
  const dial = response.Dial as Node;
  expectOnly('Dial', dial, ['Number'], DIAL_ATTRIBUTES);
  const number = dial.Number as Node;
  if (typeof number !== 'object') throw new BadTwiml('Number has no attributes, or Dial no Number');
  expectOnly('Number', number, ['#text'], NUMBER_ATTRIBUTES);
  const [action, statusCallback] = [attribute(dial, 'action'), attribute(number, 'statusCallback')];
  const amdStatusCallback = attribute(number, 'amdStatusCallback');
  const whisperUrl = attribute(number, 'url');
  if (![action, statusCallback, amdStatusCallback, whisperUrl].every(isUrl)) throw new BadTwiml('a URL is none');
  const events = attribute(number, 'statusCallbackEvent')?.split(' ') ?? ['completed'];
  if (events.some((event) => !CALL_EVENTS.includes(event))) throw new BadTwiml('statusCallbackEvent');
  const record = attribute(dial, 'record') ?? 'do-not-record';
  if (!RECORD.includes(record)) throw new BadTwiml('record');
  if (!['true', 'false', null].includes(attribute(dial, 'answerOnBridge'))) throw new BadTwiml('answerOnBridge');
  for (const [node, name] of [
    [dial, 'method'] as const,
    [number, 'statusCallbackMethod'] as const,
    [number, 'amdStatusCallbackMethod'] as const,
  ]) {
    if (!['POST', 'GET', null].includes(attribute(node, name))) throw new BadTwiml(name);
  }
  const detection = attribute(number, 'machineDetection');
  if (!['Enable', 'DetectMessageEnd', null].includes(detection)) throw new BadTwiml('machineDetection');
  // Twilio's warning 21262.
  if ((detection === null) !== (amdStatusCallback === null)) throw new BadTwiml('amdStatusCallback');
  const sendDigits = attribute(number, 'sendDigits');
  if (sendDigits !== null && !/^[\dw*#]+$/.test(sendDigits)) throw new BadTwiml('sendDigits');
  return {
    sendDigits,
    whisperUrl,
    amdStatusCallback,
    number: number['#text'] as string,
    callerId: attribute(dial, 'callerId') ?? '',
    action,
    timeoutSeconds: whole(dial, 'timeout', 30, 600),
    timeLimitSeconds: whole(dial, 'timeLimit', 14_400, 86_400),
    records: record !== 'do-not-record',
    statusCallback,
    statusCallbackEvents: events,
  };
};

/** Null for a document without a Gather. */
export const readGather = (
  document: string,
  { tellsNoKey, longestTimeout, voices } = TWILIO_GATHER,
): GatherInstruction | null => {
  const { Gather: gather, Redirect: redirect, ...others } = parse(document) as { Gather?: Node; Redirect?: Node };
  if (!gather) return null;
  if (Object.keys(others).length > 0) throw new BadTwiml('there is more than the Gather');
  expectOnly('Gather', gather, ['Say'], [...GATHER_ATTRIBUTES, ...(tellsNoKey ? ['actionOnEmptyResult'] : [])]);
  const { '#text': says, ...voice } = gather.Say as Node;
  const spoken = Object.entries(voice).map(([name, value]) => `${name.slice(1)}=${String(value)}`);
  if (!voices.includes(spoken.join())) throw new BadTwiml(`Say has ${spoken.join()}`);
  const action = attribute(gather, 'action');
  if (action === null || !isUrl(action)) throw new BadTwiml('a URL is none');
  if (attribute(gather, 'numDigits') !== '1' || attribute(gather, 'finishOnKey') !== '') throw new BadTwiml('one key');
  const timeoutSeconds = whole(gather, 'timeout', 5, longestTimeout);
  const told = { action, timeoutSeconds, says: says as string };
  // Without either, the document goes on if no key is pressed, and nothing is sent.
  if (tellsNoKey) {
    if (redirect) throw new BadTwiml('there is more than the Gather');
    if (attribute(gather, 'actionOnEmptyResult') !== 'true') throw new BadTwiml('actionOnEmptyResult');
    return { ...told, redirect: null };
  }
  const to = redirect?.['#text'];
  if (redirect === undefined || typeof to !== 'string' || !isUrl(to)) throw new BadTwiml('Redirect');
  expectOnly('Redirect', redirect, ['#text'], ['method']);
  return { ...told, redirect: to };
};

/** The answer of an action may be empty or a hang-up. */
export const readHangUp = (document: string): void => {
  expectOnly('Response', parse(document), ['Hangup'], []);
};
