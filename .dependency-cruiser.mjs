/**
 * The rooms of src/ and the arrows between them. Every room lists what it may import of ours, and everything that it
 * does not list is forbidden. A comment is what people read when the rule stops them.
 */

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const OURS = '^(?:src|migrations)/';

const ROOMS = {
  common: {
    mayImport: [],
    because: 'Every room rests on common, so it rests on none.',
  },
  config: {
    mayImport: [],
    because: 'The configuration is read before anything else exists, so it can need nothing else.',
  },
  http: {
    mayImport: ['^src/common/', '^src/config/', '^src/auth/access\\.ts$'],
    because: 'The server under Nest knows requests and connections; what they ask for is for the other rooms to know.',
  },
  postgres: {
    mayImport: ['^src/common/', '^src/config/'],
    because: 'How a statement reaches PostgreSQL is the same for every table, so this room knows no table.',
  },
  'embedded-postgres': {
    mayImport: ['^src/common/'],
    because:
      'A PostgreSQL of our own is started and stopped like any other program; what is in it does not matter here.',
  },
  database: {
    mayImport: [
      '^src/common/',
      '^src/config/',
      '^src/postgres/',
      '^src/(?:audit|auth/api-keys|auth/desk-sessions|delivery|directory|call/(?:record|placement|spending|statistics))/[^/]+\\.entity\\.ts$',
      '^src/directory/reencryption\\.ts$',
      '^migrations/',
    ],
    because:
      'The one DataSource lists entities and migrations; what their rows mean is for the other rooms to know. The programs that ' +
      'change all of them (migrate, reencrypt) are here, above the rooms.',
  },
  audit: {
    mayImport: ['^src/common/', '^src/config/', '^src/postgres/'],
    because: 'Every room that an administrator can change writes entries, so the audit rests on none of them.',
  },
  auth: {
    mayImport: ['^src/audit/', '^src/common/', '^src/config/', '^src/postgres/'],
    because: 'Who is calling is told by the token, or by the table of API keys, and by no other table but the audit.',
  },
  telephony: {
    mayImport: ['^src/common/', '^src/config/'],
    because: 'A provider rings phones; it knows nothing of records, users or routes.',
  },
  directory: {
    mayImport: ['^src/audit/', '^src/common/', '^src/config/', '^src/postgres/'],
    because: 'People and their phones exist whether or not anybody calls them.',
  },
  protection: {
    mayImport: ['^src/common/', '^src/config/'],
    because:
      'Whether a call is allowed is decided on facts that others gather, so the rules know no table and no provider.',
  },
  call: {
    mayImport: [
      '^src/audit/',
      '^src/common/',
      '^src/config/',
      '^src/postgres/',
      '^src/directory/',
      '^src/protection/',
      '^src/telephony/',
      '^src/auth/',
    ],
    because: 'Requests come in to the call module; it never goes out to where they come from.',
  },
  delivery: {
    mayImport: [
      '^src/audit/',
      '^src/call/(?:call\\.module|event-stream\\.openapi|record/call-change|record/call-sid|record/call-trace|updates/change-feed)\\.ts$',
      '^src/common/',
      '^src/config/',
      '^src/postgres/',
    ],
    because:
      'Outgoing webhooks rest on the changes that are written down and published, and on nothing else of a call; what changes ' +
      'a call need not know that a backend is told.',
  },
  webhook: {
    mayImport: ['^src/call/', '^src/telephony/', '^src/auth/', '^src/common/', '^src/http/problem-response\\.ts$'],
    because: 'The door for providers verifies, parses and hands over to the call module; it touches no table itself.',
  },
  admin: {
    mayImport: [
      '^src/audit/',
      '^src/call/',
      '^src/delivery/',
      '^src/directory/',
      '^src/auth/',
      '^src/common/',
      '^src/http/problem-response\\.ts$',
      '^src/telephony/(?:telephony\\.module|provider-registry|provider-request)\\.ts$',
    ],
    because:
      'The admin API goes through the call, delivery and directory modules, so that their rules hold for administrators too. Of ' +
      'telephony it knows which providers there are, or it could not tell a misspelt one.',
  },
  'calls-api': {
    mayImport: [
      '^src/call/',
      '^src/directory/',
      '^src/auth/',
      '^src/common/',
      '^src/config/',
      '^src/http/problem-response\\.ts$',
      '^src/telephony/(?:telephony\\.module|provider-registry)\\.ts$',
    ],
    because: 'The API for backends places, cancels and watches calls through the call module, as the contract does.',
  },
  desk: {
    mayImport: ['^src/audit/', '^src/auth/', '^src/common/', '^src/config/', '^src/http/problem-response\\.ts$'],
    because: 'The desk is a page of files and a door to sign in by; what it shows comes from the admin API.',
  },
  health: {
    mayImport: ['^src/database/', '^src/telephony/', '^src/auth/', '^src/common/', '^src/http/problem-response\\.ts$'],
    because: 'Health says whether the things we stand on are there; it must answer even when no call can be placed.',
  },
  tracing: {
    mayImport: ['^src/common/', '^src/config/'],
    because: 'It loads the SDK of OpenTelemetry and nothing else; the rooms make their spans with common/tracing.ts.',
  },
  metrics: {
    mayImport: [
      '^src/call/record/open-calls\\.ts$',
      '^src/delivery/waiting-deliveries\\.ts$',
      '^src/postgres/',
      '^src/common/',
      '^src/config/',
      '^src/http/(?:node-server|connection-limits)\\.ts$',
    ],
    because:
      'What is measured is declared by the rooms that do it; this one serves it, and reads what only a look can tell.',
  },
  cli: {
    mayImport: [
      '^src/auth/(?:token-issuer|signing-secret|desk-sessions/one-time-link)\\.ts$',
      '^src/common/',
      '^src/config/',
    ],
    because: 'The command line is an ordinary client of the HTTP API; only a demo token is signed by itself.',
  },
};

/** Of the call module: what each of its rooms may import beside itself, from the record upwards. */
const CALL_ROOMS = {
  record: {
    mayImport: [],
    because: 'The record and its lifecycle are what all other rooms of a call rest on.',
  },
  updates: {
    mayImport: ['record/'],
    because: 'Changes are read from the record and handed on; who made them does not matter here.',
  },
  search: {
    mayImport: ['record/'],
    because: 'Looking for calls changes none.',
  },
  live: {
    mayImport: ['record/', 'search/', 'updates/'],
    because:
      'Whoever watches all live calls is shown what the search shows, and told of the changes that the feed finds.',
  },
  statistics: {
    mayImport: ['record/'],
    because: 'Calls are counted by their records, after they have ended; nothing waits for it.',
  },
  cancel: {
    mayImport: ['record/', 'call-recorder\\.ts$'],
    because: 'A cancel is claimed on the record and ordered at the provider, whoever asked for it.',
  },
  reconciliation: {
    mayImport: ['record/', 'updates/', 'cancel/', 'spending/', 'call-recorder\\.ts$'],
    because: 'The record is brought up to what providers say; no call is placed by it.',
  },
  freezing: {
    mayImport: ['record/'],
    because: 'A freeze reads the record and orders hang-ups on it; placing only reads the freezes, from the directory.',
  },
  spending: {
    mayImport: ['record/'],
    because: 'Money is reserved with the record and settled by it; who places a call, and when, does not matter here.',
  },
  placement: {
    mayImport: ['record/', 'reconciliation/', 'spending/', 'call-recorder\\.ts$'],
    because: 'A call is placed after the caller’s open one was checked; nothing but the service asks for that.',
  },
};

const roomRules = Object.entries(ROOMS).map(([room, { mayImport, because }]) =>
  forbid(`room-${room}`, because, { path: `^src/${room}/` }, { path: OURS, pathNot: [`^src/${room}/`, ...mayImport] }),
);

const callRoomRules = Object.entries(CALL_ROOMS).map(([room, { mayImport, because }]) =>
  forbid(
    `call-${room}`,
    because,
    { path: `^src/call/${room}/` },
    { path: '^src/call/', pathNot: [`^src/call/${room}/`, ...mayImport.map((path) => `^src/call/${path}`)] },
  ),
);

const doorRules = ['webhook', 'admin', 'calls-api', 'desk', 'health'].map((door) =>
  forbid(
    `door-${door}`,
    'Requests come in through this door; only app.module hangs it, and nobody inside walks out through it.',
    { path: '^src/', pathNot: ['^src/(?:app|app\\.module)\\.ts$', `^src/${door}/`] },
    { path: `^src/${door}/` },
  ),
);

const layoutRules = [
  forbid(
    'no-other-rooms',
    'A folder without a rule is a folder without walls: add the room and its arrows to this file first.',
    { path: '^src/' },
    { path: '^src/[^/]+/', pathNot: `^src/(?:${Object.keys(ROOMS).join('|')})/` },
  ),
  forbid(
    'no-other-call-rooms',
    'As above: add the room of the call module, and what it may import.',
    { path: '^src/' },
    { path: '^src/call/[^/]+/', pathNot: `^src/call/(?:${Object.keys(CALL_ROOMS).join('|')})/` },
  ),
  forbid(
    'provider-stands-alone',
    'A provider can be taken out, or written elsewhere, with nothing but the contract and common at hand. Only a program ' +
      'beside it (server.ts) reads the environment, as main.ts does.',
    { path: '^src/telephony/([^/]+)/', pathNot: '^src/telephony/[^/]+/server\\.ts$' },
    { path: OURS, pathNot: ['^src/common/', '^src/telephony/[^/]+$', '^src/telephony/$1/'] },
  ),
  forbid(
    'program-stands-alone',
    'Importing a program starts it.',
    { path: '^src/' },
    { path: '^src/(?:telephony/[^/]+/server|database/reencrypt)\\.ts$' },
  ),
  forbid(
    'app-is-for-main',
    'main.ts and start.ts start what app.ts puts together; a room that reached up to them would import everything.',
    { path: '^src/', pathNot: '^src/(?:main|start|app)\\.ts$' },
    { path: '^src/(?:main|start|app|app\\.module)\\.ts$' },
  ),
  forbid(
    'migrations-stand-alone',
    'A migration never changes after its merge, so it cannot rest on code that will.',
    { path: '^migrations/' },
    { path: OURS },
  ),
];

const importRules = [
  forbid(
    'no-circular',
    'In a cycle nothing can be read or loaded first; with decorators it ends in a class that is undefined.',
    {},
    { circular: true },
  ),
  forbid('not-to-unresolvable', 'An import that leads nowhere fails at start-up.', {}, { couldNotResolve: true }),
  forbid(
    'no-dev-dependencies',
    'The container image is built without development dependencies.',
    { path: OURS },
    { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
  ),
  forbid(
    'no-undeclared-dependencies',
    'A package that is there only because another brought it goes when that one goes.',
    { path: OURS },
    { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
  ),
  forbid(
    'queue-without-configuration',
    'Whoever loads graphile-worker first decides where it looks for configuration files: import it from src/postgres/graphile-worker.ts.',
    { path: OURS, pathNot: '^src/postgres/graphile-worker\\.ts$' },
    { path: 'node_modules/graphile-worker/', dependencyTypesNot: ['type-only'] },
  ),
];

export default {
  forbidden: [...roomRules, ...callRoomRules, ...doorRules, ...layoutRules, ...importRules],
  options: {
    doNotFollow: { path: 'node_modules' },
    // To import a type is to know of it: an arrow like any other.
    tsPreCompilationDeps: true,
    // NodeNext: './x.js' in the source means x.ts.
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
