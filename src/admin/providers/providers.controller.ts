import { Controller, Get } from '@nestjs/common';
import { Requires } from '../../auth/access.js';
import { DryRunService } from '../../call/placement/dry-run.service.js';
import { ProviderChoice } from '../../telephony/provider-choice.js';
import { AdminApi } from '../../http/problem-response.js';
import type { ProviderList } from './provider.bodies.js';
import { ListProvidersApi } from './providers.api-text.js';

@Controller('v1/admin/providers')
@Requires('admin')
@AdminApi()
export class ProvidersController {
  constructor(
    private readonly providers: ProviderChoice,
    private readonly dryRuns: DryRunService,
  ) {}

  @Get()
  @ListProvidersApi()
  async list(): Promise<ProviderList> {
    const openCalls = await this.dryRuns.openCalls();
    const items = this.providers.configured.map(async ({ provider, settings }) => ({
      name: provider.name,
      isReachable: await provider.isReachable(),
      isLeftAlone: provider.isLeftAlone,
      openCalls: openCalls.get(provider.name) ?? 0,
      limits: provider.limits,
      makesSubAccounts: provider.createSubAccount !== undefined,
      settings,
    }));
    return { items: await Promise.all(items), routes: this.providers.routes };
  }
}
