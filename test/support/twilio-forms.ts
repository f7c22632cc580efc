/** The form fields that the stand-in for Twilio accepts; it refuses any other field. */
import {
  BadTwiml,
  CALL_EVENTS,
  readDial,
  type DialInstruction,
  readGather,
  type GatherForm,
  type GatherInstruction,
} from './twilio-twiml.js';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }

  get shown(): object {
    const { status, code, message } = this;
    return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status };
  }
}

/** Names from Twilio's OpenAPI description of creating a call, for a call with inline TwiML. */
const CREATE_FIELDS = [
  'To',
  'From',
  'Twiml',
  'Timeout',
  'TimeLimit',
  'StatusCallback',
  'StatusCallbackMethod',
  'StatusCallbackEvent',
  'Record',
  'RecordingChannels',
  'RecordingStatusCallback',
  'MachineDetection',
  'MachineDetectionTimeout',
  'AsyncAmd',
  'CallReason',
];
const REPEATED = ['StatusCallbackEvent', 'RecordingStatusCallbackEvent'];

export const checkForm = (contentType: string | undefined, body: string): URLSearchParams => {
  if (!contentType?.startsWith('application/x-www-form-urlencoded')) {
    throw new ApiError(415, 20001, 'the content type is no form');
  }
  return new URLSearchParams(body);
};

const refuseUnknown = (form: URLSearchParams, known: readonly string[]): void => {
  for (const name of new Set(form.keys())) {
    if (!known.includes(name)) throw new ApiError(400, 20001, `Unknown field: ${name}`);
    if (form.getAll(name).length > 1 && !REPEATED.includes(name)) throw new ApiError(400, 20001, `${name} twice`);
  }
};

const oneOf = (form: URLSearchParams, name: string, values: readonly string[], code = 20001): void => {
  for (const value of form.getAll(name)) {
    if (!values.includes(value)) throw new ApiError(400, code, `${name} is invalid: ${value}`);
  }
};

const whole = (form: URLSearchParams, name: string, fallback: number, most: number): number => {
  const text = form.get(name);
  if (text === null) return fallback;
  if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > most) {
    throw new ApiError(400, 20001, `${name} is invalid: ${text}`);
  }
  return Number(text);
};

export interface OrderedCall {
  /** Null until the answer to the Gather. */
  readonly dial: DialInstruction | null;
  readonly gather: GatherInstruction | null;
  readonly ringCallerSeconds: number;
  readonly machineDetection: string | null;
}

/** @throws ApiError if Twilio refuses the form, or if Twilio accepts it but we must not send it */
export const checkCreate = (
  form: URLSearchParams,
  callerNumbers: readonly string[],
  gatherForm?: GatherForm,
): OrderedCall => {
  refuseUnknown(form, CREATE_FIELDS);
  const [to, from, twiml] = [form.get('To'), form.get('From'), form.get('Twiml')];
  if (!to) throw new ApiError(400, 21201, "No 'To' number is specified");
  if (!from) throw new ApiError(400, 21213, "No 'From' number is specified");
  if (!twiml) throw new ApiError(400, 21205, 'Url parameter is required.');
  if (!/^\+?\d{3,15}$/.test(to)) throw new ApiError(400, 21211, `The 'To' number ${to} is not a valid phone number.`);
  if (!callerNumbers.includes(from)) throw new ApiError(400, 21210, `The source phone number ${from} is not verified`);
  oneOf(form, 'StatusCallbackEvent', CALL_EVENTS, 21626);
  oneOf(form, 'StatusCallbackMethod', ['GET', 'POST']);
  oneOf(form, 'MachineDetection', ['Enable', 'DetectMessageEnd']);
  const statusCallback = form.get('StatusCallback');
  if (statusCallback !== null && !URL.canParse(statusCallback)) throw new ApiError(400, 21205, 'StatusCallback');
  if (twiml.length > 4000) throw new ApiError(400, 21205, 'Twiml is over 4000 characters');
  const ringCallerSeconds = whole(form, 'Timeout', 60, 600);
  try {
    const gather = readGather(twiml, gatherForm);
    if (gather) return { dial: null, gather, ringCallerSeconds, machineDetection: form.get('MachineDetection') };
    const dial = readDial(twiml);
    if (!callerNumbers.includes(dial.callerId)) throw new ApiError(400, 13214, 'Dial: Invalid callerId value');
    return { dial, gather, ringCallerSeconds, machineDetection: form.get('MachineDetection') };
  } catch (error) {
    if (error instanceof BadTwiml) throw new ApiError(400, 12100, `Document parse failure: ${error.message}`);
    throw error;
  }
};

export const checkUpdate = (form: URLSearchParams): 'canceled' | 'completed' => {
  refuseUnknown(form, ['Status']);
  const status = form.get('Status');
  if (status !== 'canceled' && status !== 'completed') throw new ApiError(400, 20001, `Status is invalid`);
  return status;
};
