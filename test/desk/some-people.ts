/** What the pictures of People and Protection show beside the demo directory. */
import { putPrices } from '../support/put-prices.js';
import type { TestApp } from '../support/test-app.js';

export const storeSomePeople = async ({ url, admin, token, database }: TestApp): Promise<void> => {
  await admin('PATCH', 'users/1006', { name: '王小明', externalId: 'm-1006', shown: { toCallee: '010-56469588' } });
  const workday = ['09:00-12:00', '13:30-18:00'];
  const week = { monday: workday, tuesday: workday, wednesday: workday, thursday: workday, friday: ['09:00-18:00'] };
  const hours = { timeZone: 'Asia/Shanghai', week, holidays: ['2026-10-01', '2026-10-02'] };
  const phones = [
    { phone: '010-56469588转8001', ringSeconds: 15 },
    { phone: '138 0000 2000', ringSeconds: 25 },
  ];
  const several = { phones: [...phones, { phone: '400-000-0001' }], hunt: 'turn' };
  const line = { name: '售后服务', ...several, open: true, position: 2, callsAtOnce: 5, hours };
  await admin('POST', 'service-lines', line);
  const suppressions = [
    { phone: '138 0000 2000', reason: 'asked not to be called', source: 'hotline' },
    { phone: '138 0000 2001', reason: 'asked not to be called', until: '2026-01-01T00:00:00Z' },
    { phone: '95588', source: 'register', until: '2030-01-01T00:00:00Z' },
  ];
  await admin('PUT', 'suppressions', { suppressions });
  await admin('POST', 'freezes', { kind: 'country', subject: 'GB', reason: 'toll fraud' });
  await database.query(
    `insert into call_freeze (kind, subject, reason, frozen_by)
     values ('user', '1012', '5 calls of less than 6 s of talk within 600 s.', 'rule short_calls')`,
  );
  await putPrices(
    { url, token },
    'provider,prefix,pricePerMinute,currency,billingStep,connectionFee\nsimulator,+86,0.12,CNY,60,0\nsimulator,+1,0.5,CNY,6,0.05\n',
  );
  for (const budget of [
    { kind: 'all', period: 'month', amount: '5000' },
    { kind: 'user', subject: '*', period: 'day', amount: '50' },
  ]) {
    await admin('PUT', 'budgets', { ...budget, timeZone: 'Asia/Shanghai' });
  }
};
