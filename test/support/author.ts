import type { Author } from '../../src/audit/audit-entry.entity.js';
import { AuditTrail } from '../../src/audit/audit-trail.service.js';
import { Places } from '../../src/audit/places.js';
import { createLogger } from '../../src/common/logger.js';
import type { DataSource } from 'typeorm';

/** For services that are called without a request. */
export const AN_AUTHOR: Author = {
  subject: '1001',
  tokenId: null,
  apiKeyId: null,
  action: 'test',
  route: 'TEST /',
  address: '127.0.0.1',
  requestId: 'test',
};

export const auditOf = (database: DataSource): AuditTrail =>
  new AuditTrail(database, createLogger('silent'), new Places(5, 1_000));
