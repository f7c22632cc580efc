/** The groups of the API document, in the order in which Swagger UI shows them: one for each resource. */
export const ADMIN_TAGS = {
  Users: 'The directory: who may call, and by which phone.',
  'Sub-accounts': 'The credentials of users at providers.',
  'Service lines': 'Customer service: its phones, when they are open, and how many calls they take at a time.',
  'Call records': 'Every call: search, timeline, bundle, hang-up.',
  Statistics: 'Figures of calls, by time and provider, service line or country.',
  'Refused calls': 'The calls that were not placed, and why.',
  Providers: 'The providers and routes now, and what a call would meet.',
  Suppressions: 'The numbers that must not be called.',
  Freezes: 'Calls that an administrator or a rule has stopped.',
  Money: 'Prices and budgets.',
  'Webhook endpoints': 'Where your backend receives changes, and their deliveries.',
  'API keys': 'For backends without an identity provider.',
  Audit: 'Who did what by the admin API.',
} as const;

export const TAGS: Readonly<Record<string, string>> = {
  App: 'For the app’s clients: place, cancel and watch calls.',
  Calls: 'For the app’s backend: place, cancel and watch calls between any two phones.',
  ...ADMIN_TAGS,
  Desk: 'Signing in to the desk, the page at /desk.',
  Webhooks: 'For the events of providers; and what your backend receives.',
  Health: 'For orchestrators.',
};
