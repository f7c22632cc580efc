import { chromium } from 'playwright-core';
import { CHROMIUM, BROWSER_ARGUMENTS } from '../support/browser.js';
import { startTestApp } from '../support/test-app.js';
import { openDesk } from './desk-page.js';
jest.setTimeout(200_000);
it('y', async () => {
  const service = await startTestApp();
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: BROWSER_ARGUMENTS,
    env: { FONTCONFIG_FILE: '/tmp/zzfonts.conf' },
  });
  const say = (x: unknown) => process.stdout.write(JSON.stringify(x) + '\n');
  await service.admin('PATCH', 'users/1005', { externalId: '7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11', name: '王小明' });
  await service.admin('PATCH', 'users/1006', { name: '李小红', blocked: true, shown: { toCallee: '010-56469588' } });
  await service.admin('POST', 'service-lines', {
    name: '售后服务',
    phone: '400-000-0001',
    open: true,
    position: 2,
    callsAtOnce: 5,
    hours: {
      timeZone: 'Asia/Shanghai',
      week: {
        monday: ['09:00-12:00', '13:30-18:00'],
        tuesday: ['09:00-12:00', '13:30-18:00'],
        saturday: ['22:00-02:00'],
      },
      holidays: ['2026-10-01'],
    },
  });
  await service.admin('PUT', 'suppressions', {
    suppressions: [
      { phone: '138 0000 2000', reason: '本人要求不再来电', source: '客服热线' },
      { phone: '95588', source: 'register', until: '2027-01-01T00:00:00.000Z' },
      { phone: '13800002001', reason: 'asked not to be called', until: '2026-01-01T00:00:00.000Z' },
    ],
  });
  await service.admin('POST', 'freezes', { kind: 'country', subject: 'GB', reason: 'toll fraud' });
  await service.admin('POST', 'freezes', { kind: 'user', subject: '1007' });
  const csv =
    'provider,prefix,pricePerMinute,currency,billingStep,connectionFee\nsimulator,+86,0.12,CNY,60,0\nsimulator,,0.5,CNY,6,0.05\n';
  await fetch(`${service.url}/v1/admin/prices.csv`, {
    method: 'PUT',
    body: csv,
    headers: { 'content-type': 'text/csv', authorization: `Bearer ${await service.token('1001', 'admin')}` },
  });
  await service.admin('PUT', 'budgets', { kind: 'all', period: 'month', amount: '5000', timeZone: 'Asia/Shanghai' });
  await service.admin('PUT', 'budgets', {
    kind: 'user',
    subject: '*',
    period: 'day',
    amount: '50',
    timeZone: 'Asia/Shanghai',
  });
  const shots: [string, string, string?][] = [
    ['users', 'people'],
    ['user', 'people/users/1006'],
    ['user-add', 'people', 'Add user|添加用户'],
    ['lines', 'people/lines'],
    ['line-add', 'people/lines', 'Change|修改'],
    ['import', 'people/import'],
    ['supp', 'protection'],
    ['supp-add', 'protection', 'Add numbers|添加号码'],
    ['freezes', 'protection/freezes'],
    ['freeze-add', 'protection/freezes', 'Freeze|冻结'],
    ['money', 'protection/money'],
    ['budget-add', 'protection/money', 'Set a budget|设置预算'],
    ['limits', 'protection/limits'],
  ];
  for (const [tag, options] of [
    ['en', {}],
    ['zh-dark', { language: 'zh-CN', theme: 'dark' }],
    ['zh-phone', { language: 'zh-CN', width: 390, height: 800 }],
  ] as const) {
    const { page, open, close, faults } = await openDesk(browser, service, options);
    page.setDefaultTimeout(6000);
    for (const [name, path, button] of shots) {
      try {
        await open(path);
        await page.locator('h1').waitFor();
        await page.waitForTimeout(500);
        if (button) {
          await page
            .getByRole('button', { name: new RegExp(`^(${button})$`) })
            .last()
            .click();
          await page.getByRole('dialog').waitFor();
          await page.waitForTimeout(200);
        }
        const o = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
        if (o) say([tag, name, 'overflow', o]);
        await page.screenshot({ path: `/tmp/shots/${name}.${tag}.png`, fullPage: !button });
      } catch (error) {
        say([tag, name, String(error).slice(0, 300)]);
      }
    }
    if (tag === 'en') {
      try {
        await open('people');
        await page.getByRole('button', { name: 'Add user' }).click();
        const form = page.getByRole('dialog');
        await form.getByLabel('Id', { exact: true }).fill('3001');
        await form.getByLabel('Name').fill('李小红');
        await form.getByLabel('Phone', { exact: true }).fill('12');
        await form.getByRole('button', { name: 'Add' }).click();
        await page.waitForTimeout(1500);
        await page.screenshot({ path: `/tmp/shots/err1.png` });
        say(await form.innerText());
        await form.getByLabel('Phone', { exact: true }).fill('138 0013 8000');
        await form.getByLabel('The callee’s phone shows').fill('010-56469588');
        await form.getByRole('button', { name: 'Add' }).click();
        await page.waitForTimeout(1500);
        await page.screenshot({ path: `/tmp/shots/err2.png` });
        say(page.url());
        await open('people/import');
        await page.getByLabel('CSV file').setInputFiles({
          name: 'users.csv',
          mimeType: 'text/csv',
          buffer: Buffer.from('id,name,phone\n4001,张三,13800138001\n4002,,110\n'),
        });
        await page.waitForTimeout(1500);
        await page.screenshot({ path: `/tmp/shots/imp-bad.png`, fullPage: true });
        await page.getByLabel('CSV file').setInputFiles({
          name: 'users.csv',
          mimeType: 'text/csv',
          buffer: Buffer.from('id,name,phone\n4001,张三,13800138001\n1005,王小明,13800138002\n'),
        });
        await page.waitForTimeout(1500);
        await page.screenshot({ path: `/tmp/shots/imp-good.png`, fullPage: true });
      } catch (error) {
        say(String(error).slice(0, 500));
      }
    }
    say([tag, faults]);
    await close();
  }
  await browser.close();
  await service.close();
});
