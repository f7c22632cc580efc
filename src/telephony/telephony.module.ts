import type { AddressInfo, Server } from 'node:net';
import { Inject, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { CONFIG, type Config } from '../config/config.js';
import { ProviderChoice } from './provider-choice.js';
import { randomWebhookSecret, SimulatorProvider } from './simulator/simulator.provider.js';

/** The simulator is a provider elsewhere in all but place: its webhooks come in by the same door, over HTTP. */
const ownWebhookUrl = (host: HttpAdapterHost): string => {
  const address = (host.httpAdapter.getHttpServer() as Server).address() as AddressInfo | null;
  if (!address) throw new Error('the service does not listen yet');
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const reachable = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' }[name] ?? name;
  return `http://${reachable}:${address.port}/v1/webhooks/simulator`;
};

@Module({
  providers: [
    {
      provide: SimulatorProvider,
      inject: [CONFIG, HttpAdapterHost],
      useFactory: (
        { simulatorSpeed, simulatorWebhookSecrets: [secret, ...more] = [] }: Config,
        host: HttpAdapterHost,
      ) =>
        new SimulatorProvider({
          speed: simulatorSpeed,
          secrets: [secret ?? randomWebhookSecret(), ...more],
          target: () => ownWebhookUrl(host),
        }),
    },
    {
      provide: ProviderChoice,
      inject: [SimulatorProvider],
      useFactory: (simulator: SimulatorProvider) => new ProviderChoice([simulator]),
    },
  ],
  exports: [ProviderChoice],
})
export class TelephonyModule implements BeforeApplicationShutdown {
  constructor(@Inject(SimulatorProvider) private readonly simulator: SimulatorProvider) {}

  beforeApplicationShutdown(): Promise<void> {
    return this.simulator.close();
  }
}
