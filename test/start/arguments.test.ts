/** Arguments of the programs that read their settings from the environment. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { endOf, REPOSITORY, startNode, type Ending } from '../support/node-process.js';

const run = (program: string, options: readonly string[], environment: Record<string, string> = {}): Promise<Ending> =>
  endOf(startNode(join(REPOSITORY, 'dist/src', program), options, { environment }));

it('--help prints the usage of each program, with any environment', async () => {
  const helped = await Promise.all(
    ['main.js', 'database/migrate.js', 'database/reencrypt.js', 'telephony/simulator/server.js'].map((program) =>
      run(program, ['--help'], { PORT: 'not even looked at' }),
    ),
  );

  expect(helped).toEqual(
    ['start', 'run migrate', 'run reencrypt', 'run simulator'].map((command) => ({
      code: 0,
      output: expect.stringMatching(new RegExp(`^Usage: npm ${command}\n`)) as unknown,
      complaint: '',
    })),
  );
});

it('an unknown argument is refused, and the program does nothing', async () => {
  expect(await run('database/migrate.js', ['--dry-run'])).toEqual({
    code: 2,
    output: '',
    complaint: expect.stringMatching(/^Usage: npm run migrate\n/) as unknown,
  });
});

it('the simulator names SIMULATOR_PORT when its port is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  try {
    const { code, complaint } = await run('telephony/simulator/server.js', [], {
      SIMULATOR_PORT: String(port),
      SIMULATOR_WEBHOOK_SECRETS: `whsec_${Buffer.alloc(24).toString('base64')}`,
    });

    expect([code, complaint]).toEqual([
      1,
      `Port ${port} is taken. Stop what listens there, or set SIMULATOR_PORT to another one; 0 takes a free one.\n`,
    ]);
  } finally {
    other.close();
  }
});
