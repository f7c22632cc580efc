/** How Yuntongxun's webhooks are read and answered. */
import type { ProviderEvent, WebhookReading, WebhookRequest } from '../../src/telephony/telephony-provider.js';
import { providerAlone, WEBHOOK_TARGET } from '../support/yuntongxun-provider.js';
import { writeNotification } from '../support/yuntongxun-calls.js';
import { asXml, readBy, without, type Fields } from '../support/yuntongxun-webhook.js';

/** This replica knows no call, because another replica has placed them. */
const replica = providerAlone();
afterAll(() => replica.close());

const NOW = new Date('2026-01-31T08:00:00.500Z');
beforeEach(() => jest.useFakeTimers({ now: NOW, advanceTimers: true }));
afterEach(() => jest.useRealTimers());

const OURS = '26013108000050012345678901234567';
const THEIRS = '160115094848497400010006000021ed';

const call: Fields = { type: '1', subid: 'sub', caller: '13800001001', called: '13800002000', callSid: THEIRS };
const auth = { action: 'CallAuth', ...call, subtype: '2', appId: 'app', userData: OURS };
const establish = { action: 'CallEstablish', ...call };
const hangUp = {
  action: 'Hangup',
  ...call,
  starttime: '20260131155900',
  endtime: '20260131160000',
  byetype: '4',
  recordurl: '',
  talkDuration: '60',
  appId: 'app',
  userData: OURS,
};
const read = (body: string | Buffer, changes: Partial<WebhookRequest> = {}) => readBy(replica, body, changes);
const eventsOf = (reading: WebhookReading): readonly ProviderEvent[] => {
  if (reading.kind !== 'genuine') throw new Error(`is ${reading.kind}: ${reading.reason}`);
  return reading.events;
};
const eventsIn = (fields: Fields) => eventsOf(read(asXml(fields)));

const YES = {
  contentType: 'application/xml; charset=utf-8',
  body: '<?xml version="1.0" encoding="UTF-8"?><Response><statuscode>0000</statuscode><statusmsg>Success</statusmsg></Response>',
};

describe.each([
  ['XML', asXml],
  ['JSON', (fields: Fields) => writeNotification('json', fields)],
])('in %s', (_, written) => {
  it('CallAuth is accepted, unless the call is over, and brings the id of a call that rings no phone yet', () => {
    expect(read(written(auth))).toEqual({
      kind: 'genuine',
      receipt: null,
      events: [
        {
          eventId: `${THEIRS}:accepted`,
          callSid: OURS,
          providerCallId: THEIRS,
          type: 'accepted',
          occurredAt: expect.any(Date),
        },
      ],
      reply: { ...YES, ifOver: expect.stringMatching(/<statuscode>(?!0000<)\d{4}</) },
    });
  });

  it('CallEstablish is leg B’s answer, and has only Yuntongxun’s id of the call', () => {
    expect(read(written(establish))).toEqual({
      kind: 'genuine',
      receipt: null,
      reply: YES,
      events: [
        {
          eventId: `${THEIRS}:answered`,
          callSid: null,
          providerCallId: THEIRS,
          type: 'answered',
          occurredAt: NOW,
        },
      ],
    });
  });

  it('CallEstablish with userData, as one integrator receives it, has our callSid', () => {
    const reading = read(written({ ...establish, userData: OURS }));

    expect(eventsOf(reading)).toMatchObject([{ type: 'answered', callSid: OURS, providerCallId: THEIRS }]);
  });

  it('Hangup after a talk yields its answer and its end, with the provider’s times', () => {
    const named = { callSid: OURS, providerCallId: THEIRS };

    expect(read(written({ ...hangUp, recordurl: 'https://r.example/a.wav?x=1&y=2' }))).toEqual({
      kind: 'genuine',
      receipt: null,
      reply: YES,
      events: [
        {
          eventId: `${THEIRS}:answered`,
          ...named,
          type: 'answered',
          occurredAt: new Date('2026-01-31T07:59:00Z'),
        },
        {
          eventId: `${THEIRS}:ended`,
          ...named,
          type: 'ended',
          occurredAt: new Date('2026-01-31T08:00:00Z'),
          endReason: 'completed',
          recording: 'https://r.example/a.wav?x=1&y=2',
          detail: { byetype: '4', leg: 'B', talkDuration: 60 },
          causes: { B: { byetype: '4' } },
        },
      ],
    });
  });

  it('a realtime CDR, which has no action, is read as a Hangup, and answered with six zeros', () => {
    const reading = read(written(without(hangUp, 'action')));

    const reply = { ...YES, body: YES.body.replace('>0000<', '>000000<') };
    expect(reading).toEqual({ ...read(written(hangUp)), reply });
  });
});

describe('the answer to CallAuth', () => {
  it('limits the talk when a limit is configured', async () => {
    const limited = providerAlone({ maxCallSeconds: 7200 });

    const replies = [auth, establish].map((fields) => {
      const reading = readBy(limited, asXml(fields));
      return reading.kind === 'genuine' ? reading.reply?.body : reading.reason;
    });

    expect(replies[0]).toContain('<sessiontime>7200</sessiontime>');
    expect(replies[0]).not.toContain('record');
    expect(replies[1]).not.toContain('sessiontime');
    await limited.close();
  });

  it('turns recording on when it is configured, and no other answer does', async () => {
    const recorded = providerAlone({ record: true });

    const replies = [auth, establish, hangUp].map((fields) => {
      const reading = readBy(recorded, asXml(fields));
      return reading.kind === 'genuine' ? reading.reply?.body : reading.reason;
    });

    expect(replies[0]).toContain('<record>1</record>');
    for (const other of replies.slice(1)) expect(other).not.toContain('record');
    await recorded.close();
  });
});

describe('a webhook', () => {
  it.each([
    ['a repeated CallEstablish', establish, establish],
    ['a repeated Hangup', hangUp, hangUp],
    ['the CDR of the other leg', without(hangUp, 'action'), { ...without(hangUp, 'action'), byetype: '3' }],
    ['a Hangup after its CallEstablish', establish, hangUp],
  ])('has the same event id: %s', (_, one, other) => {
    const ids = (fields: Fields) => eventsIn(fields).map(({ eventId }) => eventId);

    expect(ids(other)).toEqual(expect.arrayContaining(ids(one)));
  });

  it('about another call has other event ids', () => {
    expect(eventsIn({ ...hangUp, callSid: 'b2' }).map(({ eventId }) => eventId)).toEqual(['b2:answered', 'b2:ended']);
  });

  it('without userData, as older platforms sent a Hangup, has only Yuntongxun’s id', () => {
    expect(eventsIn(without(hangUp, 'userData')).map(({ callSid }) => callSid)).toEqual([null, null]);
  });

  it.each([
    ['byeType, as some handlers write it', { ...without(hangUp, 'byetype'), byeType: '4' }],
    ['an action in upper case', { ...hangUp, action: 'HANGUP' }],
    ['unknown fields', { ...hangUp, mood: 'cheerful' }],
    ['no type', without(hangUp, 'type')],
  ])('is read with %s', (_, fields) => {
    expect(eventsIn(fields)).toEqual(eventsIn(hangUp));
  });

  it.each(['?action=CallEstablish', '/CallEstablish', '//CallEstablish', '/CallEstablish?x=1'])(
    'can have its action in the address only: %s',
    (more) => {
      const target = `${WEBHOOK_TARGET}${more}`;

      expect(eventsOf(read(asXml(without(establish, 'action')), { target }))).toEqual(eventsIn(establish));
    },
  );

  it.each(['', '/', '/CallAuth', '/CallEstablish', '/Hangup', '//Hangup'])(
    'is read by its body’s action, with %j after the path',
    (more) => {
      for (const fields of [auth, establish, hangUp]) {
        expect(read(asXml(fields), { target: `${WEBHOOK_TARGET}${more}` })).toEqual(read(asXml(fields)));
      }
    },
  );
});

describe('a Hangup with unusable times', () => {
  it.each(['', '0', 'yesterday', '20261331000000'])('ends now when endtime is %j', (endtime) => {
    expect(eventsIn({ ...hangUp, endtime }).at(-1)).toMatchObject({ type: 'ended', occurredAt: NOW });
  });

  it.each(['', '0', '20260131160001'])('has an answer time from its duration when starttime is %j', (starttime) => {
    expect(eventsIn({ ...hangUp, starttime })).toMatchObject([
      { type: 'answered', occurredAt: new Date('2026-01-31T07:59:00Z') },
      { type: 'ended' },
    ]);
  });

  it.each([
    ['no starttime and no seconds', { starttime: '', talkDuration: '' }],
    ['no time at all', { starttime: '', endtime: '' }],
  ])('yields no answer with %s', (_, changes) => {
    expect(eventsIn({ ...hangUp, ...changes }).map(({ type }) => type)).toEqual(['ended']);
  });

  it.each(['', '-1', '1e9', '12 s'])('leaves out talkDuration when it is %j', (talkDuration) => {
    expect(eventsIn({ ...hangUp, talkDuration }).at(-1)?.detail).toEqual({ byetype: '4', leg: 'B' });
  });
});

describe('a body in another encoding than UTF-8', () => {
  /** 北京, and a byte that is valid in no encoding. */
  it.each([
    ['GBK', Buffer.from('b1b1bea9', 'hex')],
    ['no encoding', Buffer.from([0xff])],
  ])('is malformed, and yields no event: %s', (_encoding, bytes) => {
    for (const body of [asXml({ ...hangUp, recordurl: 'X' }), JSON.stringify({ ...hangUp, recordurl: 'X' })]) {
      const [before = '', after = ''] = body.split('X');

      const reading = read(Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]));

      expect(reading).toEqual({ kind: 'malformed', reason: 'Not understood: the body is not UTF-8.' });
    }
  });

  it('is distinguished from one in UTF-8', () => {
    expect(eventsIn({ ...hangUp, recordurl: 'http://host/北京.wav' })).toMatchObject([
      { type: 'answered' },
      { type: 'ended', recording: 'http://host/北京.wav' },
    ]);
  });
});
