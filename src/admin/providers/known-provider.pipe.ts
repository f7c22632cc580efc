import { Injectable, type PipeTransform } from '@nestjs/common';
import { AppError } from '../../common/error-table.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';

/**
 * Refuses unknown provider names. Otherwise credentials under a misspelt name would be stored, and calls would fail
 * without them.
 */
@Injectable()
export class KnownProviderPipe implements PipeTransform<string, string> {
  constructor(private readonly providers: ProviderRegistry) {}

  transform(name: string): string {
    if (this.providers.kinds.includes(name)) return name;
    const names = this.providers.kinds.join(', ');
    throw new AppError('NOT_FOUND', { detail: `This service runs no such provider; it runs ${names}.` });
  }
}
