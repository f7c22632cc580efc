import type { AddressInfo, Server } from 'node:net';
import { Inject, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LOGGER, type Logger } from '../common/logger.js';
import { CONFIG, type Config } from '../config/config.js';
import { GuardedProvider } from './guarded-provider.js';
import { ProviderChoice } from './provider-choice.js';
import { ExchangeClient } from './simulator/exchange-client.js';
import { ExchangeInProcess } from './simulator/exchange-in-process.js';
import { randomWebhookSecret, SimulatorProvider } from './simulator/simulator.provider.js';

/** Null while the service does not listen. */
const ownWebhookUrl = (host: HttpAdapterHost): string | null => {
  const address = (host.httpAdapter.getHttpServer() as Server).address() as AddressInfo | null;
  if (!address) return null;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const reachable = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' }[name] ?? name;
  return `http://${reachable}:${address.port}/v1/webhooks/simulator`;
};

/** Also within this process the simulator is a provider elsewhere: its webhooks come in by the same door, over HTTP. */
const createSimulator = (config: Config, host: HttpAdapterHost): SimulatorProvider => {
  const { simulatorUrl, simulatorSpeed: speed, simulatorWebhookSecrets: secrets = [randomWebhookSecret()] } = config;
  const targets = (): string[] => [ownWebhookUrl(host) ?? []].flat();
  const exchange = simulatorUrl
    ? new ExchangeClient(simulatorUrl)
    : new ExchangeInProcess({ speed, secret: secrets[0], targets });
  return new SimulatorProvider(exchange, secrets);
};

@Module({
  providers: [
    {
      provide: SimulatorProvider,
      inject: [CONFIG, HttpAdapterHost],
      useFactory: createSimulator,
    },
    {
      provide: ProviderChoice,
      inject: [SimulatorProvider, LOGGER],
      useFactory: (simulator: SimulatorProvider, logger: Logger) =>
        new ProviderChoice([new GuardedProvider(simulator, logger)]),
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
