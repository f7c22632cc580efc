import { Controller, Get } from '@nestjs/common';
import { Requires } from '../../auth/access.js';
import { DryRunService } from '../../call/placement/dry-run.service.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { AdminApi } from '../../http/problem-response.js';
import type { ProviderList } from './provider.dto.js';
import { ListProvidersApi } from './providers.openapi.js';

@Controller('v1/admin/providers')
@Requires('admin:read')
@AdminApi('Providers')
export class ProvidersController {
  constructor(
    private readonly providers: ProviderRegistry,
    private readonly dryRuns: DryRunService,
  ) {}

  @Get()
  @ListProvidersApi()
  async list(): Promise<ProviderList> {
    const openCalls = await this.dryRuns.openCalls();
    const items = this.providers.configured.map(async ({ provider, settings }) => ({
      name: provider.name,
      isReachable: await provider.isReachable(),
      isLeftAlone: provider.isCircuitOpen,
      openCalls: openCalls.get(provider.name) ?? 0,
      limits: provider.limits,
      makesSubAccounts: provider.createSubAccount !== undefined,
      sharesAccount: provider.sharedAccount !== undefined,
      settings,
    }));
    return { items: await Promise.all(items), routes: this.providers.routes };
  }
}
