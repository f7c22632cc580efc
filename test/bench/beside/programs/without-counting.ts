/** Loaded before the service: it then counts no requests. The service itself has no setting for this. */
import { register } from 'node:module';

const REPLACED = '/src/http/request-metrics.js';
const REPLACEMENT = `export const measureRequests = (server) => server.decorateRequest('isWaiting', false);`;

const hooks = `
export const load = (url, context, next) =>
  url.endsWith(${JSON.stringify(REPLACED)})
    ? { format: 'module', shortCircuit: true, source: ${JSON.stringify(REPLACEMENT)} }
    : next(url, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
