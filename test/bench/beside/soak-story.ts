/** One call from its caller's side: placed, followed to its end by polls, long polls or a stream, and sometimes canceled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, requestBytes } from './connection.js';
import { EventStream } from './event-stream.js';

export interface Caller {
  readonly serviceUrl: string;
  readonly token: string;
  readonly calleeId: string;
}

type Way = (caller: Caller, connection: Connection, callSid: string) => Promise<void>;

/** A real app polls every second, and the simulator runs ten times as fast. */
const POLL_EVERY_MS = 100;
const WAIT_SECONDS = 8;
const LONGEST_CALL_MS = 30_000;
/** Cancels come before the ringing, during it, or during the talk. */
const CANCEL_AFTER_MS = [100, 500, 900];

const ask = async <T>(connection: Connection, { token }: Caller, path: string): Promise<T> => {
  const separator = path.includes('?') ? '&' : '?';
  const { status, body } = await connection.ask(
    requestBytes('GET', `/v1/app/${path}${separator}access_token=${token}`),
  );
  const { data, returnCode } = JSON.parse(body) as { data: T; returnCode: number };
  if (status !== 200 || returnCode !== 200)
    throw new Error(`${path.split('?', 1)[0] ?? ''} was answered ${status} ${body}`);
  return data;
};

const poll: Way = async (caller, connection, callSid) => {
  const deadline = performance.now() + LONGEST_CALL_MS;
  for (let last = '1'; last !== '4';) {
    const { stateType } = await ask<{ stateType: string }>(connection, caller, `callState/${callSid}`);
    if (!/^[1-4]$/.test(stateType) || stateType < last) throw new Error(`${callSid} went from ${last} to ${stateType}`);
    last = stateType;
    if (performance.now() > deadline) throw new Error(`${callSid} is not over`);
    if (last !== '4') await sleep(POLL_EVERY_MS);
  }
};

interface Waited {
  readonly stateType: string;
  readonly changes: readonly { readonly data: { readonly callSid: string; readonly number: number } }[];
}

const wait: Way = async (caller, connection, callSid) => {
  const deadline = performance.now() + LONGEST_CALL_MS;
  for (let number = 0, state = '1'; state !== '4';) {
    const path = `callState/${callSid}?afterNumber=${number}&wait=${WAIT_SECONDS}`;
    const { stateType, changes } = await ask<Waited>(connection, caller, path);
    for (const { data } of changes) {
      if (data.callSid !== callSid || data.number !== ++number) {
        throw new Error(`${callSid} was told change ${data.number} of ${data.callSid} in place of ${number}`);
      }
    }
    state = stateType;
    if (performance.now() > deadline) throw new Error(`${callSid} is not over`);
  }
};

const stream: Way = ({ serviceUrl, token }, _connection, callSid) =>
  new Promise((resolve, reject) => {
    const request = requestBytes('GET', `/v1/app/callState/${callSid}/stream?access_token=${token}`);
    let last: { readonly number: number; readonly stateType: string } | undefined;
    const opening = EventStream.open(serviceUrl, request, {
      onEvent: (event) => {
        if (event.callSid !== callSid || (last && event.number !== last.number + 1)) {
          finish(
            new Error(`${callSid} was told change ${event.number} of ${event.callSid} after ${last?.number ?? 0}`),
          );
        }
        last = event;
      },
      onEnd: () => {
        finish(last?.stateType === '4' ? undefined : new Error(`the stream of ${callSid} ended before the call`));
      },
      onFault: (fault) => {
        finish(new Error(`${callSid}: ${fault}`));
      },
    });
    const finish = (error?: Error): void => {
      clearTimeout(timeLimit);
      opening.then(
        (opened) => {
          opened.close();
        },
        () => undefined,
      );
      if (error) reject(error);
      else resolve();
    };
    const timeLimit = setTimeout(finish, LONGEST_CALL_MS, new Error(`the stream of ${callSid} does not end`));
    opening.catch(finish);
  });

/** A stream that its client closes before the call ends, like an app in the background. The client then polls. */
const leave: Way = async (caller, connection, callSid) => {
  const request = requestBytes('GET', `/v1/app/callState/${callSid}/stream?access_token=${caller.token}`);
  const ignore = (): void => undefined;
  const left = await EventStream.open(caller.serviceUrl, request, { onEvent: ignore, onFault: ignore });
  await sleep(POLL_EVERY_MS);
  left.close();
  await poll(caller, connection, callSid);
};

const WAYS = [poll, wait, stream, leave];

/** @param number of the call: one in five is canceled */
export const runCall = async (caller: Caller, number: number): Promise<string> => {
  const connection = await Connection.open(caller.serviceUrl);
  try {
    const { callSid } = await ask<{ callSid: string }>(connection, caller, `call/${caller.calleeId}`);
    const following = WAYS[number % WAYS.length]!(caller, connection, callSid);
    await Promise.all([following, number % 5 === 0 ? cancel(caller, callSid, number) : undefined]);
    return callSid;
  } finally {
    connection.close();
  }
};

const cancel = async (caller: Caller, callSid: string, number: number): Promise<void> => {
  await sleep(CANCEL_AFTER_MS[number % CANCEL_AFTER_MS.length]);
  const connection = await Connection.open(caller.serviceUrl);
  try {
    const { isSuccess } = await ask<{ isSuccess: string }>(connection, caller, `callCancel/${callSid}`);
    if (isSuccess !== 'success') throw new Error(`cancel of ${callSid}: ${isSuccess}`);
  } finally {
    connection.close();
  }
};
