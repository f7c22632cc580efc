/** The operations that leave no entry in the audit: their responses have no phone number, or a masked one. */
export const WITHOUT_ENTRY: readonly string[] = [
  'exportPrices',
  'getApiKey',
  'getCallBundle',
  'getStatistics',
  'getSubAccount',
  'getWebhookEndpoint',
  'listApiKeys',
  'listAudit',
  'listBudgets',
  'listFreezes',
  'listProviders',
  'listRefusals',
  'listSubAccounts',
  'listWebhookDeliveries',
  'listWebhookEndpoints',
];
