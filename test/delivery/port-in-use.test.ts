import { createApp } from '../../src/app.js';
import { createLogger } from '../../src/common/logger.js';
import { DeliveryWorker } from '../../src/delivery/delivery-worker.js';
import { startTestApp } from '../support/test-app.js';

it('a service whose port is in use starts no deliveries', async () => {
  const running = await startTestApp();
  const second = await createApp(
    { ...running.config, port: Number(new URL(running.url).port) },
    createLogger('silent'),
  );
  const start = jest.spyOn(second.nest.get(DeliveryWorker), 'start');

  await expect(second.listen()).rejects.toThrow('EADDRINUSE');

  expect(start).not.toHaveBeenCalled();
  await second.close();
  await running.close();
});
