# The commands below are carried out, outside a container, by test/deployment/image-rehearsal.test.ts.

FROM node:24.21-bookworm-slim AS build
WORKDIR /app
# Dependencies first: their layer is built again only when the lock file changes.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json tsconfig.json .swcrc ./
COPY migrations ./migrations
COPY src ./src
RUN npm run build
# The optional dependencies are the embedded PostgreSQL; here the database is a container of its own.
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24.21-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# Owned by root and run by node: the service cannot change its own code.
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3000
# Liveness only: a database that is away for a minute is no reason to kill a process that will find it again.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "dist/src/main.js"]
