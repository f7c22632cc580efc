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
 * Speaks the contract, and says of its one call what the test has it say: one state a request, the last one for ever. It
 * never answers a cancel.
 */
export const startScriptedService = async (states: readonly string[]): Promise<ScriptedService> => {
  const asked: string[] = [];
  const left = [...states];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    if (url.includes('callCancel')) return;
    const state = () => (left.length > 1 ? left.shift() : left[0]);
    const data = url.includes('callState') ? { stateType: state() } : { callSid: CALL_SID };
    response.end(JSON.stringify({ data, returnCode: 200, returnMsg: 'success' }));
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
