import type { TestApp } from './test-app.js';

/** Replaces the price list. @param csv with its head */
export const putPrices = async (service: Pick<TestApp, 'url' | 'token'>, csv: string): Promise<Response> =>
  fetch(`${service.url}/v1/admin/prices.csv`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${await service.token('1001', 'admin')}`, 'content-type': 'text/csv' },
    body: csv,
  });
