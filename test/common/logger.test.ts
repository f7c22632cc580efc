import { PassThrough } from 'node:stream';
import { createLogger } from '../../src/common/logger.js';

const writtenTo = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? '';

describe('the logger', () => {
  it('writes JSON lines to a stream that is not a terminal', () => {
    const stream = new PassThrough();

    createLogger('info', stream).info({ callSid: '1' }, 'call requested');

    expect(JSON.parse(writtenTo(stream))).toMatchObject({ level: 30, callSid: '1', msg: 'call requested' });
  });

  it('writes readable lines on a terminal', () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });

    createLogger('info', terminal).info({ callSid: '1' }, 'call requested');

    const line = writtenTo(terminal);
    expect(line).toContain('call requested');
    expect(line).not.toMatch(/^\{/);
  });

  it('masks phone numbers on both', () => {
    for (const stream of [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })]) {
      createLogger('info', stream).info({ callerPhone: '+8613912345678', phone: '010-56469588' }, 'call requested');

      const line = writtenTo(stream);
      expect(line).toContain('139****5678');
      expect(line).not.toContain('12345678');
      expect(line).not.toContain('56469588');
    }
  });

  it('writes no line below its level', () => {
    const stream = new PassThrough();

    createLogger('warn', stream).info('call requested');

    expect(writtenTo(stream)).toBe('');
  });

  it('truncates every field, and logs neither parameters nor rows of an error', () => {
    const stream = new PassThrough();
    const long = 'x'.repeat(100_000);
    const error = Object.assign(new Error(long, { cause: new Error(`because ${long}`) }), {
      code: '23505',
      parameters: ['canary'],
      detail: 'Key (phone)=(canary) already exists.',
    });

    createLogger('info', stream).info(
      { error, path: long, other: new AggregateError([new Error('one')], '') },
      'failed',
    );

    const written = writtenTo(stream);
    expect(written.length).toBeLessThan(30_000);
    expect(written).not.toContain('canary');
    expect(JSON.parse(written)).toMatchObject({ error: { code: '23505', cause: { type: 'Error' } } });
  });

  it('masks phone numbers in an error, which may repeat what a provider has answered', () => {
    const stream = new PassThrough();
    const error = new Error('failed', {
      cause: new Error('111001 被叫号码+8613912345678异常, call 26112912512345678901234567890123'),
    });
    // The stack keeps the first message.
    error.message = 'called 010 and 02056469588';
    error.stack = 'Error: called 01056469588\n    at file.js:12:34';

    createLogger('info', stream).info({ error }, 'failed');

    const written = writtenTo(stream);
    expect(written).toContain('被叫号码139****5678异常, call 26112912512345678901234567890123');
    expect(written).toContain('called 010 and 020****9588');
    expect(written).not.toMatch(/12345678异常|56469588/);
  });
});
