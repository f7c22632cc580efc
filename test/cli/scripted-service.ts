import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedService {
  readonly port: string;
  /** The paths of all requests. */
  readonly requests: string[];
  close(): void;
}

export const CALL_SID = '1'.repeat(32);

/**
 * A fake service with the contract's API and one call. The stream sends the given states, one after the other. If the last
 * one is not the end, the stream stays open. A cancel is never answered.
 */
export const startScriptedService = async (
  states: readonly string[],
  endReason = 'completed',
): Promise<ScriptedService> => {
  const requests: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    requests.push(url);
    if (url.includes('callCancel')) return;
    if (url.includes('callState')) {
      response.setHeader('content-type', 'text/event-stream; charset=utf-8');
      for (const [index, stateType] of states.entries()) {
        const data = { stateType, endReason: stateType === '4' ? endReason : null };
        response.write(`id: ${index + 1}\ndata: ${JSON.stringify({ data })}\n\n`);
      }
      if (states.at(-1) === '4') response.end();
      return;
    }
    response.end(JSON.stringify({ data: { callSid: CALL_SID }, returnCode: 200, returnMsg: 'success' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: String((server.address() as AddressInfo).port),
    requests,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
};
