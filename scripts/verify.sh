#!/bin/sh
# What `npm test` runs after installing and building. The arguments are jest's. Lint runs beside the tests, because it
# takes a minute of one core, and many tests only wait for a process or a timer. Both need the generated types.
npm run --silent types || exit 1
npm run --silent lint:only &
lint=$!
npm run --silent typecheck:only && node scripts/run.mjs && npm run --silent jest -- "$@"
tested=$?
if ! wait "$lint"; then
  echo 'Lint has failed: see above.' >&2
  exit 1
fi
exit "$tested"
