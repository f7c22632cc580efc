/** A port that is taken, and a port that nobody wants. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { readConfig, type Config } from '../../src/config/config.js';
import { openMetricsPort, type MetricsPort } from '../../src/metrics/metrics-port.js';
import { Draining } from '../../src/common/draining.js';
import { createLogger } from '../../src/common/logger.js';
import { collectedLog, type CollectedLog } from '../support/collected-log.js';

const configWith = (METRICS_PORT: string): Config => readConfig({ HOST: '127.0.0.1', METRICS_PORT });

const listenOn = async (port: number): Promise<Server> => {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

interface Opened {
  readonly port: MetricsPort;
  readonly lines: CollectedLog['lines'];
}

const portWith = (setting: string, look = () => Promise.resolve('')): Opened => {
  const { stream, lines } = collectedLog();
  return { lines, port: openMetricsPort(configWith(setting), createLogger('debug', stream), new Draining(), look) };
};

it('off: nothing listens, and nothing is said', async () => {
  const { port, lines } = portWith('off');

  expect(await port.listen()).toBeNull();

  expect(lines()).toEqual([]);
  await port.close();
});

it('a port that was asked for and is taken stops the start', async () => {
  const other = await listenOn(0);
  const taken = (other.address() as AddressInfo).port;
  const { port } = portWith(String(taken));

  await expect(port.listen()).rejects.toMatchObject({ code: 'EADDRINUSE', port: taken });

  other.close();
});

it('the usual port, if it is taken, does not', async () => {
  // Whoever has it already serves the test as well.
  const other = await listenOn(9464).catch(() => null);
  const { port, lines } = portWith('');

  expect(await port.listen()).toBeNull();

  expect(lines()).toMatchObject([
    { level: 40, msg: 'metrics are not served', port: 9464, error: { code: 'EADDRINUSE' } },
  ]);
  other?.close();
});

it('metrics that cannot be written end the connection, and the log says why', async () => {
  const { port, lines } = portWith('0', () => Promise.reject(new Error('a bug')));
  const url = await port.listen();

  await expect(fetch(url ?? '')).rejects.toThrow('fetch failed');

  expect(lines()).toMatchObject([{ level: 50, msg: 'metrics could not be written', error: { message: 'a bug' } }]);
  await port.close();
});

describe('a stranger who reaches the port', () => {
  /** @returns all that came back until the connection was closed */
  const sent = async (url: string, text: string): Promise<string> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(text);
    await once(socket, 'close');
    return received;
  };

  it('gets one response a connection, however many requests a write has', async () => {
    let written = 0;
    const { port } = portWith('0', () => {
      written++;
      return Promise.resolve('');
    });
    const url = (await port.listen()) ?? '';

    const received = await sent(url, 'GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(1_500));

    expect(received.match(/^HTTP\/1\.1 /gm)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(written).toBeLessThanOrEqual(1);
    await port.close();
  });
});
