import type { AddressInfo, Server } from 'node:net';
import { Inject, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LOGGER, type Logger } from '../common/logger.js';
import { CONFIG, type Config } from '../config/config.js';
import { AsteriskProvider, type AsteriskOptions } from './asterisk/asterisk.provider.js';
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

const asteriskOptions = (config: Config, url: string): AsteriskOptions => ({
  url,
  username: config.asteriskUsername,
  password: config.asteriskPassword ?? '',
  dialRules: config.asteriskDial,
  ringCallerSeconds: config.asteriskRingCallerSeconds,
  ringCalleeSeconds: config.asteriskRingCalleeSeconds,
  longestTalkSeconds: config.longestTalkSeconds,
  shownToCaller: config.asteriskShownToCaller,
  shownToCallee: config.asteriskShownToCallee,
  record: config.asteriskRecord,
});

/** Phones that nobody has are rung only where nobody's are. */
const chooseProvider = (config: Config, host: HttpAdapterHost, logger: Logger): ProviderChoice => {
  const provider = config.asteriskUrl
    ? new AsteriskProvider(asteriskOptions(config, config.asteriskUrl), logger)
    : createSimulator(config, host);
  return new ProviderChoice([new GuardedProvider(provider, logger)]);
};

@Module({
  providers: [{ provide: ProviderChoice, inject: [CONFIG, HttpAdapterHost, LOGGER], useFactory: chooseProvider }],
  exports: [ProviderChoice],
})
export class TelephonyModule implements BeforeApplicationShutdown {
  constructor(@Inject(ProviderChoice) private readonly providers: ProviderChoice) {}

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.providers.all.map((provider) => provider.close?.()));
  }
}
