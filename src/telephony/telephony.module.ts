import type { AddressInfo, Server } from 'node:net';
import { Inject, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LOGGER, type Logger } from '../common/logger.js';
import { proxyRules } from '../common/proxy-rules.js';
import { reachableUrl } from '../common/reachable-url.js';
import { CONFIG, type Config } from '../config/config.js';
import { kindOf } from './provider-kind.js';
import { NO_TERMS, ResilientProvider, type Terms } from './resilient-provider.js';
import { ProviderRegistry, type ConfiguredProvider } from './provider-registry.js';
import { HttpCarrierClient } from './simulator/http-carrier-client.js';
import { InProcessCarrierClient } from './simulator/in-process-carrier-client.js';
import { randomWebhookSecret, SimulatorProvider } from './simulator/simulator.provider.js';
import type { TelephonyProvider } from './telephony-provider.js';

/** Null until the service listens. */
const ownWebhookUrl = (host: HttpAdapterHost): string | null => {
  const address = (host.httpAdapter.getHttpServer() as Server).address() as AddressInfo | null;
  if (!address) return null;
  return `${reachableUrl(address.address, address.port)}/v1/webhooks/simulator`;
};

/** The simulator behaves like a remote provider even in this process: its webhooks arrive over HTTP. */
const createSimulator = (config: Config, host: HttpAdapterHost, logger: Logger): SimulatorProvider => {
  const { simulatorUrl, simulatorSpeed: speed, simulatorWebhookSecrets: secrets = [randomWebhookSecret()] } = config;
  const targets = (): string[] => [ownWebhookUrl(host) ?? []].flat();
  const carrier = simulatorUrl
    ? new HttpCarrierClient(simulatorUrl, { proxyFor: proxyRules(config) })
    : new InProcessCarrierClient({ speed, secret: secrets[0], targets, logger });
  return new SimulatorProvider(carrier, secrets);
};

// Providers are loaded only if configured: Twilio's package alone takes a tenth of a second, and a tenth of a start's
// memory.

type AsteriskPlace = NonNullable<Config['asterisks']>[number];

const createAsterisk = async (config: Config, place: AsteriskPlace, logger: Logger): Promise<TelephonyProvider> => {
  const { AsteriskProvider } = await import('./asterisk/asterisk.provider.js');
  return new AsteriskProvider(
    {
      name: place.provider,
      url: place.url,
      username: config.asteriskUsername,
      password: config.asteriskPassword ?? '',
      dialRules: config.asteriskDial,
      dialTimeoutSeconds: config.dialTimeoutSeconds,
      ringCallerSeconds: config.ringCallerSeconds,
      ringCalleeSeconds: config.ringCalleeSeconds,
      longestTalkSeconds: config.longestTalkSeconds,
      shownToCaller: config.asteriskShownToCaller,
      shownToCallee: config.asteriskShownToCallee,
      region: config.phoneRegion,
      record: config.recordCalls,
      confirmCallerSeconds: config.confirmCallerSeconds,
      whisper: config.asteriskWhisper,
      talkWarningSeconds: config.talkWarningSeconds,
      proxyFor: proxyRules(config),
    },
    logger,
  );
};

/** What Twilio and those who speak its dialects get alike. */
const commonToDialects = (config: Config) => ({
  publicUrl: config.publicUrl ?? '',
  ringCallerSeconds: config.ringCallerSeconds,
  ringCalleeSeconds: config.ringCalleeSeconds,
  longestTalkSeconds: config.longestTalkSeconds,
  record: config.recordCalls,
  confirmCallerSeconds: config.confirmCallerSeconds,
  proxyFor: proxyRules(config),
});

const shownNumbers = (toCaller?: readonly string[], toCallee?: readonly string[]) => ({
  ...(toCaller && { shownToCaller: toCaller }),
  ...(toCallee && { shownToCallee: toCallee }),
});

const createTwilio = async (config: Config, accountSid: string): Promise<TelephonyProvider> => {
  const { TwilioProvider } = await import('./twilio/twilio.provider.js');
  return new TwilioProvider({
    ...commonToDialects(config),
    accountSid,
    authToken: config.twilioAuthToken ?? '',
    apiUrl: config.twilioUrl,
    callerNumber: config.twilioCallerNumber ?? '',
    ...shownNumbers(config.twilioShownToCaller, config.twilioShownToCallee),
    ...(config.twilioSharedKeys && { signingKeys: config.twilioSharedKeys }),
    ...(config.twilioCalleeMachineDetection && { calleeMachineDetection: config.twilioCalleeMachineDetection }),
    ...(config.twilioMachineDetection && { machineDetection: config.twilioMachineDetection }),
    ...(config.twilioWhisper !== undefined && { whisperUrl: config.twilioWhisper }),
  });
};

const createTelnyx = async (config: Config, accountSid: string): Promise<TelephonyProvider> => {
  const { TwilioProvider } = await import('./twilio/twilio.provider.js');
  const { telnyxDialect } = await import('./twilio/telnyx-dialect.js');
  return new TwilioProvider({
    ...commonToDialects(config),
    dialect: telnyxDialect(config.telnyxApplicationSid ?? ''),
    accountSid,
    authToken: config.telnyxApiKey ?? '',
    signingKeys: [config.telnyxPublicKey ?? ''],
    apiUrl: config.telnyxUrl,
    callerNumber: config.telnyxCallerNumber ?? '',
    ...shownNumbers(config.telnyxShownToCaller, config.telnyxShownToCallee),
    ...(config.telnyxWhisper !== undefined && { whisperUrl: config.telnyxWhisper }),
  });
};

const createSignalWire = async (config: Config, accountSid: string): Promise<TelephonyProvider> => {
  const { TwilioProvider } = await import('./twilio/twilio.provider.js');
  const { SIGNALWIRE } = await import('./twilio/signalwire-dialect.js');
  return new TwilioProvider({
    ...commonToDialects(config),
    dialect: SIGNALWIRE,
    accountSid,
    authToken: config.signalwireApiToken ?? '',
    signingKeys: [config.signalwireSigningKey ?? ''],
    apiUrl: config.signalwireUrl,
    callerNumber: config.signalwireCallerNumber ?? '',
    ...shownNumbers(config.signalwireShownToCaller, config.signalwireShownToCallee),
    ...(config.signalwireWhisper !== undefined && { whisperUrl: config.signalwireWhisper }),
  });
};

const createYuntongxun = async (config: Config, accountSid: string): Promise<TelephonyProvider> => {
  const { YuntongxunProvider } = await import('./yuntongxun/yuntongxun.provider.js');
  return new YuntongxunProvider({
    url: config.yuntongxunUrl,
    accountSid,
    authToken: config.yuntongxunAuthToken ?? '',
    appId: config.yuntongxunAppId ?? '',
    webhookToken: config.yuntongxunWebhookToken ?? '',
    allowedAddresses: config.yuntongxunAllowedAddresses,
    ...(config.publicUrl && { publicUrl: config.publicUrl }),
    format: config.yuntongxunFormat,
    displayNumbers: {
      ...(config.yuntongxunShownToCallee && { customerSerNum: config.yuntongxunShownToCallee }),
      ...(config.yuntongxunShownToCaller && { fromSerNum: config.yuntongxunShownToCaller }),
    },
    record: config.recordCalls,
    maxCallSeconds: config.longestTalkSeconds,
    talkWarningSeconds: config.talkWarningSeconds,
    proxyFor: proxyRules(config),
  });
};

const settingsOf = (provider: string, { shown }: Config): Record<string, string> =>
  Object.fromEntries(Object.entries(shown).filter(([name]) => name.startsWith(`${kindOf(provider).toUpperCase()}_`)));

/**
 * Without any other provider the simulator is used. Without routes, every number may use all providers, in this order.
 */
const chooseProviders = async (config: Config, host: HttpAdapterHost, logger: Logger): Promise<ProviderRegistry> => {
  const { asterisks, twilioAccountSid, telnyxAccountSid, signalwireProjectId, yuntongxunAccountSid } = config;
  const configured = (provider: TelephonyProvider, terms?: Terms): ConfiguredProvider => ({
    provider: new ResilientProvider(provider, logger, terms),
    settings: settingsOf(provider.name, config),
  });
  const all: ConfiguredProvider[] = [];
  for (const place of asterisks ?? []) {
    const limits = { callsPerSecond: config.asteriskCallsPerSecond, callsAtOnce: config.asteriskCallsAtOnce };
    const { weight } = place;
    const terms = { limits, makesSubAccounts: false, sharesAccount: config.asteriskSharesAccount, weight };
    all.push(configured(await createAsterisk(config, place, logger), terms));
  }
  if (twilioAccountSid) {
    const limits = { callsPerSecond: config.twilioCallsPerSecond, callsAtOnce: config.twilioCallsAtOnce };
    const terms = { limits, makesSubAccounts: false, sharesAccount: config.twilioSharesAccount };
    all.push(configured(await createTwilio(config, twilioAccountSid), terms));
  }
  if (telnyxAccountSid) {
    const limits = { callsPerSecond: config.telnyxCallsPerSecond, callsAtOnce: config.telnyxCallsAtOnce };
    const terms = { limits, makesSubAccounts: false, sharesAccount: config.telnyxSharesAccount };
    all.push(configured(await createTelnyx(config, telnyxAccountSid), terms));
  }
  if (signalwireProjectId) {
    const limits = { callsPerSecond: config.signalwireCallsPerSecond, callsAtOnce: config.signalwireCallsAtOnce };
    const terms = { limits, makesSubAccounts: false, sharesAccount: config.signalwireSharesAccount };
    all.push(configured(await createSignalWire(config, signalwireProjectId), terms));
  }
  if (yuntongxunAccountSid) {
    const limits = { callsPerSecond: config.yuntongxunCallsPerSecond, callsAtOnce: config.yuntongxunCallsAtOnce };
    const terms = { limits, makesSubAccounts: config.yuntongxunMakeSubAccounts, sharesAccount: false };
    all.push(configured(await createYuntongxun(config, yuntongxunAccountSid), terms));
  }
  if (all.length === 0) {
    const terms = { ...NO_TERMS, sharesAccount: config.simulatorSharesAccount };
    all.push(configured(createSimulator(config, host, logger), terms));
  }
  const routes = config.routes ?? [{ to: '', providers: [...new Set(all.map(({ provider }) => provider.kind))] }];
  return new ProviderRegistry(all, routes, config.phoneRegion);
};

@Module({
  providers: [{ provide: ProviderRegistry, inject: [CONFIG, HttpAdapterHost, LOGGER], useFactory: chooseProviders }],
  exports: [ProviderRegistry],
})
export class TelephonyModule implements BeforeApplicationShutdown {
  constructor(@Inject(ProviderRegistry) private readonly providers: ProviderRegistry) {}

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.providers.all.map((provider) => provider.close()));
  }
}
