/** The operator's settings reach Yuntongxun, through the whole service. */
import { readConfig } from '../../src/config/config.js';
import { shownCall } from '../asterisk/pbx-service.js';
import { startTwoProviders, type TwoProviders } from '../support/two-providers.js';
import { waitFor } from '../support/wait-for.js';

let telephony: TwoProviders;

beforeAll(async () => {
  telephony = await startTwoProviders({
    ROUTES: '=yuntongxun',
    RECORD_CALLS: 'true',
    YUNTONGXUN_SHOWN_TO_CALLER: '4008001234',
    YUNTONGXUN_SHOWN_TO_CALLEE: '01052823298',
  });
});
afterAll(() => telephony.close());

it('shown numbers and recording are sent with the dial and in the answer to CallAuth', async () => {
  const { service, yuntongxun } = telephony;
  const user = await telephony.user('yuntongxun');

  const { data } = await service.ask(user, 'call/2000');

  const call = await waitFor('the end', async () => {
    const shown = await shownCall(service, data!.callSid!);
    return shown.stateType === '4' && shown;
  });
  expect(call.recording).toMatch(/^http:\/\/record\.example\/\w+\.wav\?a=1&b=2$/);
  expect(yuntongxun.calls.dials.at(-1)!.fields).toMatchObject({
    needRecord: '1',
    fromSerNum: '4008001234',
    customerSerNum: '01052823298',
  });
  const auth = yuntongxun.calls.deliveries.find(({ action }) => action === 'CallAuth');
  expect(auth!.answer).toContain('<record>1</record>');
  expect(yuntongxun.complaints).toEqual([]);
});

describe('a shown number', () => {
  it.each(['01052823298', '075588889999', '4008001234', '8008101234', '13800138000', '95588'])(
    'may be %s',
    (number) => {
      expect(readConfig({ YUNTONGXUN_SHOWN_TO_CALLEE: number }).yuntongxunShownToCallee).toEqual([number]);
    },
  );

  it.each(['+861052823298', '010-52823298', '1052823298x', '12', '８００'])(
    'stops the start-up when it is %s',
    (number) => {
      expect(() => readConfig({ YUNTONGXUN_SHOWN_TO_CALLER: number })).toThrow('YUNTONGXUN_SHOWN_TO_CALLER');
    },
  );
});
