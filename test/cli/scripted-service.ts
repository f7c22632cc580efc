import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedService {
  readonly port: string;
  /** The paths that were asked for. */
  readonly asked: string[];
  close(): void;
}

export const CALL_SID = '1'.repeat(32);

/**
 * Speaks the contract, and tells of its one call the states that the test has it tell, one after another on the stream;
 * where the last one is not the end, the stream stays open. It never answers a cancel.
 */
export const startScriptedService = async (
  states: readonly string[],
  endReason = 'completed',
): Promise<ScriptedService> => {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
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
    asked,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
};
