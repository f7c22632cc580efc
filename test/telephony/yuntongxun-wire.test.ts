/** How Yuntongxun's requests are signed and written, and how its bodies, times and numbers are read. */
import fc from 'fast-check';
import { chinaTimestamp, readChinaTime } from '../../src/telephony/yuntongxun/china-time.js';
import { nationalNumber } from '../../src/telephony/yuntongxun/national-number.js';
import { signRequest } from '../../src/telephony/yuntongxun/request-signature.js';
import { readFields, UnreadableBody, writeBody, writeXml } from '../../src/telephony/yuntongxun/wire-body.js';

describe('a request', () => {
  /** Expected values by md5sum and base64 of coreutils. */
  it('is signed with MD5 over sid, token and time, and sends the sid and the same time in base64', () => {
    const account = { sid: 'aaf98f894e052f3a014e1b2c3d4e5f60', token: 'a1b2c3d4e5f60718293a4b5c6d7e8f90' };

    expect(signRequest(account, new Date('2016-06-23T08:37:22.999Z'))).toEqual({
      sig: '36B73437BEF092157DF03E23E4B13122',
      authorization: 'YWFmOThmODk0ZTA1MmYzYTAxNGUxYjJjM2Q0ZTVmNjA6MjAxNjA2MjMxNjM3MjI=',
    });
  });
});

describe('XML with other content around its root', () => {
  const BARE = '<request><action>Hangup</action></request>';

  it.each([
    ['a declaration', `<?xml version="1.0"?>${BARE}`],
    ['a comment before it', `<?xml version="1.0"?>\n<!-- <reply> from gateway 7 -->\n${BARE}`],
    ['a comment after it', `${BARE}\n<!-- end -->\n`],
    ['processing instructions around it', `<?xml version="1.0"?><?a b="?"?><!----><?c?>${BARE}<?d > e?> <!-- -- -->`],
  ])('is read: %s', (_, text) => {
    expect(readFields(text)).toEqual(new Map([['action', 'Hangup']]));
  });

  it.each([
    ['a comment without an end', `${BARE}<!-- end`],
    ['only comments', '<!-- a --><!-- b -->'],
    ['text after it', `${BARE}x`],
    ['an end tag inside a comment', `<request><action>Hangup</action><!-- </request> -->`],
    ['an end tag of another element', '<request><action>Hangup</action></reply><!-- -->'],
    ['a hundred thousand unclosed comments', '<!--'.repeat(100_000)],
    ['a hundred thousand comments and no root', '<!-- -->'.repeat(100_000)],
  ])('is refused: %s', (_, text) => {
    expect(() => readFields(text)).toThrow(UnreadableBody);
  });
});

describe('a time', () => {
  it.each([
    ['2016-06-23T08:37:22.000Z', '20160623163722'],
    ['2026-12-31T16:00:00.000Z', '20270101000000'],
    ['2024-02-28T16:00:00.000Z', '20240229000000'],
  ])('%s is %s in China, and back', (iso, digits) => {
    expect(chinaTimestamp(new Date(iso))).toBe(digits);
    expect(readChinaTime(digits)).toEqual(new Date(iso));
  });

  it('can be written like dateCreated', () => {
    expect(readChinaTime('2016-06-23 16:37:22')).toEqual(new Date('2016-06-23T08:37:22Z'));
  });

  it.each([
    '',
    '0',
    '00000000000000',
    '20160230120000',
    '20161323163722',
    '20160623250000',
    '1466671042',
    'now',
    '2016',
  ])('is not read from %j', (text) => {
    expect(readChinaTime(text)).toBeNull();
  });
});

describe('a number', () => {
  it.each([
    ['+8613800138000', '13800138000', 'a mobile without 86'],
    ['+8617012345678', '17012345678', 'a virtual operator’s mobile'],
    ['+861052823298', '01052823298', 'a Beijing number with its leading zero'],
    ['+8675588889999', '075588889999', 'a Shenzhen number with its leading zero'],
    ['+864008001234', '4008001234', 'a 400 number unchanged'],
    ['+8610100011', '10100011', 'a 1010 number unchanged'],
    ['95588', '95588', 'a bank’s number unchanged'],
    ['114', '114', 'directory inquiries unchanged'],
    ['+8657112345', '057112345', 'a city’s 12345 line with its area code'],
    ['+8614912345678', '14912345678', 'a mobile of 149'],
    ['10086', '10086', 'a carrier’s number unchanged'],
  ])('%s is dialled as %s: %s', (phone, dialled) => {
    expect(nationalNumber(phone)).toBe(dialled);
  });

  it.each([
    ['+85251234567', 'Hong Kong'],
    ['+85366123456', 'Macau'],
    ['+886912345678', 'Taiwan'],
    ['+14155550123', 'abroad'],
    ['+868', 'too short'],
    ['+8699999999999', 'not a valid number'],
    ['13800138000', 'not in a form of the contract'],
    ['01052823298', 'not in a form of the contract'],
    ['', 'nothing'],
    ['+', 'a plus'],
    ['95588;to=1', 'more than digits'],
  ])('is not dialled when it is %j: %s', (phone) => {
    expect(nationalNumber(phone)).toBeNull();
  });
});

describe('a body', () => {
  const fields = { from: '01052823298', url: 'https://r.example/?a=1&b=<2>' };

  it('is JSON with string values, or XML under its root', () => {
    expect(writeBody('json', 'CallBack', fields)).toBe('{"from":"01052823298","url":"https://r.example/?a=1&b=<2>"}');
    expect(writeBody('xml', 'CallBack', fields)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><CallBack><from>01052823298</from>' +
        '<url>https://r.example/?a=1&amp;b=&lt;2&gt;</url></CallBack>',
    );
  });

  it('is read as it was written, in both formats, with random values', () => {
    const value = fc
      .string({ unit: 'grapheme', maxLength: 50 })
      .map((text) => text.replace(/[\0\r\n\p{Cc}\p{Cs}]/gu, '').trim());

    fc.assert(
      fc.property(fc.constantFrom('json' as const, 'xml' as const), value, (format, text) => {
        expect(readFields(writeBody(format, 'root', { name: text })).get('name')).toBe(text);
      }),
    );
  });

  it.each([
    [
      'names in any case',
      '<Response><statuscode>000000</statuscode><CallBack><callsid>a1</callsid></CallBack></Response>',
    ],
    [
      'a head element',
      '<Response><head><statusCode>000000</statusCode></head><CallBack><callSid>a1</callSid></CallBack></Response>',
    ],
    [
      'a declaration and white space',
      '\n<?xml version="1.0"?>\n <response>\n <STATUSCODE> 000000 </STATUSCODE><callSid>a1</callSid></response>\n',
    ],
    ['attributes', '<Response v="1"><statusCode type="s">000000</statusCode><callSid>a1</callSid></Response>'],
    ['CDATA', '<Response><statusCode><![CDATA[000000]]></statusCode><callSid>a1</callSid></Response>'],
    ['JSON', '{"statusCode":"000000","CallBack":{"callSid":"a1","orderId":null}}'],
    ['a JSON list', '{"statusCode":"000000","SubAccount":[{"callSid":"a1"},{"callSid":"b2"}]}'],
    ['a deep JSON', `{"statusCode":"000000","a":${'['.repeat(9_000)}{"callSid":"a1"}${']'.repeat(9_000)}}`],
  ])('is read with %s', (_, text) => {
    const read = readFields(text);

    expect([read.get('statuscode'), read.get('callsid')]).toEqual(['000000', 'a1']);
  });

  it('keeps leading zeros, and decodes entities once', () => {
    const read = readFields('<r><a>0000</a><b>x&amp;lt;y&#20013;&#x4e2d;&quot;&unknown;&#9999999;</b></r>');

    expect(Object.fromEntries(read)).toEqual({ a: '0000', b: 'x&lt;y中中"&unknown;&#9999999;' });
  });

  it('is read without characters that PostgreSQL cannot store, and shortened', () => {
    const read = readFields(JSON.stringify({ a: 'x\0y\ud83d', b: 'z'.repeat(5_000) }));

    expect(read.get('a')).toBe('xy');
    expect(read.get('b')).toHaveLength(2_000);
    expect(readFields('<r><a>x&#0;y</a></r>').get('a')).toBe('xy');
  });

  it('takes the value nearest to the root, and then the first', () => {
    expect(readFields('{"x":{"code":"deep"},"code":"near","CODE":"second"}').get('code')).toBe('near');
  });

  it.each([
    ['empty', ''],
    ['neither JSON nor XML', 'OK'],
    ['HTML cut short', '<html><body>502'],
    ['a JSON string', '"000000"'],
    ['null', 'null'],
    ['JSON cut short', '{"statusCode":"000000"'],
    ['XML cut short', '<Response><statusCode>000000</statusCode><CallBack><callSid>a1</callSid>'],
    ['only the first character of XML', '<'],
    ['a document type', '<!DOCTYPE r [<!ENTITY x "000000">]><r><statusCode>&x;</statusCode></r>'],
    ['a lower-case document type', '<!doctype html><html></html>'],
    ['a tag named __proto__', '<r><__proto__>1</__proto__></r>'],
    ['deeply nested tags', `<r>${'<b>'.repeat(5_000)}${'</b>'.repeat(5_000)}</r>`],
  ])('is unreadable when it is %s, and the error contains nothing of it', (_, text) => {
    const read = () => readFields(text);

    expect(read).toThrow(UnreadableBody);
    expect(read).not.toThrow(/000000|a1/);
  });

  it('of an answer is XML with escaped values', () => {
    expect(writeXml('Response', { statuscode: '0000', statusmsg: 'a<b' })).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Response><statuscode>0000</statuscode><statusmsg>a&lt;b</statusmsg></Response>',
    );
  });
});
