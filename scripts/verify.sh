#!/bin/sh
# What `npm test` runs, once everything is installed and built; its arguments are jest's. Lint goes on beside the tests, because it
# takes a minute of one core, and many tests wait for a process or a timer.
npm run --silent lint &
lint=$!
npm run --silent typecheck && node scripts/run.mjs && npm run --silent jest -- "$@"
tested=$?
if ! wait "$lint"; then
  echo 'Lint has failed: see above.' >&2
  exit 1
fi
exit "$tested"
