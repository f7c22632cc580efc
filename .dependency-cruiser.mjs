/**
 * The rooms of src/ and the arrows between them. Every room lists what it may import of ours, and everything that it
 * does not list is forbidden. A comment is what people read when the rule stops them.
 */

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const OURS = '^(?:src|migrations)/';

const ROOMS = {
  common: {
    mayImport: [],
    because: 'Everybody leans on common, so it leans on nobody.',
  },
  config: {
    mayImport: [],
    because: 'The configuration is read before anything else exists, so it can need nothing else.',
  },
  database: {
    mayImport: [
      '^src/common/',
      '^src/config/',
      '^src/(?:call|delivery|directory)/[^/]+\\.entity\\.ts$',
      '^migrations/',
    ],
    because: 'The one DataSource lists entities and migrations; what their rows mean is for the other rooms to know.',
  },
  auth: {
    mayImport: ['^src/common/', '^src/config/'],
    because: 'Who is calling is told by the token alone, never by our tables.',
  },
  telephony: {
    mayImport: ['^src/common/', '^src/config/'],
    because: 'A provider rings phones; it knows nothing of records, users or routes.',
  },
  directory: {
    mayImport: ['^src/common/', '^src/config/', '^src/database/'],
    because: 'People and their phones exist whether or not anybody calls them.',
  },
  call: {
    mayImport: ['^src/common/', '^src/config/', '^src/database/', '^src/directory/', '^src/telephony/', '^src/auth/'],
    because: 'Doors and desks come to the call module; it never goes out to them.',
  },
  delivery: {
    mayImport: [
      '^src/call/(?:call-change|call-sid|call\\.module|change-feed)\\.ts$',
      '^src/directory/page\\.ts$',
      '^src/common/',
      '^src/config/',
      '^src/database/',
    ],
    because:
      'Telling the app’s backend rests on the changes that are written down and published, and on nothing else of a call; whoever changes ' +
      'a call need not know that anybody is told.',
  },
  webhook: {
    mayImport: ['^src/call/', '^src/telephony/', '^src/auth/', '^src/common/'],
    because: 'The door for providers verifies, parses and hands over to the call module; it touches no table itself.',
  },
  admin: {
    mayImport: [
      '^src/call/',
      '^src/delivery/',
      '^src/directory/',
      '^src/auth/',
      '^src/common/',
      '^src/telephony/(?:telephony\\.module|provider-choice)\\.ts$',
    ],
    because:
      'The desk goes through the call, delivery and directory modules, so that their rules hold for administrators too. Of telephony ' +
      'it knows which providers there are, or it could not tell a misspelt one.',
  },
  health: {
    mayImport: ['^src/database/', '^src/telephony/', '^src/auth/', '^src/common/'],
    because: 'Health says whether the things we stand on are there; it must answer even when no call can be placed.',
  },
  cli: {
    mayImport: ['^src/auth/(?:token-issuer|signing-secret)\\.ts$', '^src/common/', '^src/config/'],
    because: 'The command line is an ordinary client of the HTTP API; only a demo token is signed by itself.',
  },
};

const roomRules = Object.entries(ROOMS).map(([room, { mayImport, because }]) =>
  forbid(`room-${room}`, because, { path: `^src/${room}/` }, { path: OURS, pathNot: [`^src/${room}/`, ...mayImport] }),
);

const doorRules = ['webhook', 'admin', 'health'].map((door) =>
  forbid(
    `door-${door}`,
    'Requests come in through this door; only app.module hangs it, and nobody inside walks out through it.',
    { path: '^src/', pathNot: ['^src/app\\.module\\.ts$', `^src/${door}/`] },
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
    { path: '^src/(?:telephony/[^/]+/server|directory/reencrypt)\\.ts$' },
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
];

export default {
  forbidden: [...roomRules, ...doorRules, ...layoutRules, ...importRules],
  options: {
    doNotFollow: { path: 'node_modules' },
    // To import a type is to know of it: an arrow like any other.
    tsPreCompilationDeps: true,
    // NodeNext: './x.js' in the source means x.ts.
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
