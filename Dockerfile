# test/deployment/image-rehearsal.test.ts runs the commands below outside a container.

FROM node:24.21-bookworm-slim AS build
WORKDIR /app
# Dependencies first, so that their layer is rebuilt only if the lock file changes.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json tsconfig.json .swcrc ./
COPY migrations ./migrations
COPY src ./src
COPY web ./web
RUN npm run build
# The optional dependencies are the embedded PostgreSQL. Here the database is a separate container.
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24.21-bookworm-slim
ENV NODE_ENV=production
# For names that no name server answers: src/common/shared-lookup.ts.
ENV UV_THREADPOOL_SIZE=64
WORKDIR /app
# Owned by root and run by node, so that the service cannot change its own code.
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3000
# Liveness only: a process must not be killed because the database is unavailable for a minute; it reconnects by itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "dist/src/main.js"]
