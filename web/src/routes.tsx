/**
 * The addresses of the desk. A new page:
 *   1. pages/<name>/page.tsx: `export const Route = createLazyRoute('/<name>')({ component: Page });`
 *   2. here: a `createRoute` with its path, its search (parts/search.ts) and `.lazy`, and its place in the tree;
 *   3. shell/navigation.ts: its place in the navigation.
 */
import { createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { CALL_FILTERS } from './pages/calls/call-search';
import { readSearch, textsIn, writeSearch } from './parts/search';
import { FailedPage, NotFoundPage } from './shell/failed-page';
import { HomePage } from './shell/home-page';
import { Root } from './shell/root';

const rootRoute = createRootRoute({ component: Root, notFoundComponent: NotFoundPage });

const homeRoute = createRoute({ getParentRoute: () => rootRoute, path: '/', component: HomePage });

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: textsIn('failed'),
}).lazy(() => import('./pages/sign-in/page').then(({ Route }) => Route));

const providersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/providers',
  validateSearch: textsIn('callerId', 'calleeId', 'phone'),
}).lazy(() => import('./pages/providers/page').then(({ Route }) => Route));

const callsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/calls',
  validateSearch: textsIn(...CALL_FILTERS),
}).lazy(() => import('./pages/calls/page').then(({ Route }) => Route));

const refusedCallsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/calls/refused',
  validateSearch: textsIn('userId', 'fault', 'from', 'to'),
}).lazy(() => import('./pages/refused-calls/page').then(({ Route }) => Route));

const callRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/calls/$callSid',
}).lazy(() => import('./pages/call/page').then(({ Route }) => Route));

const nowRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/now',
  validateSearch: textsIn('userId', 'phone', 'provider', 'serviceLineId', 'stateType'),
}).lazy(() => import('./pages/now/page').then(({ Route }) => Route));

const figuresRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/figures',
  validateSearch: textsIn('from', 'to', 'every', 'provider', 'timeZone'),
}).lazy(() => import('./pages/figures/page').then(({ Route }) => Route));

const peopleRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/people',
  validateSearch: textsIn('user', 'name', 'phone'),
}).lazy(() => import('./pages/people/users').then(({ Route }) => Route));

const userRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/people/users/$userId',
}).lazy(() => import('./pages/people/user').then(({ Route }) => Route));

const linesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/people/lines',
}).lazy(() => import('./pages/people/lines').then(({ Route }) => Route));

const importRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/people/import',
}).lazy(() => import('./pages/people/import').then(({ Route }) => Route));

const suppressionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/protection',
  validateSearch: textsIn('phone'),
}).lazy(() => import('./pages/protection/suppressions').then(({ Route }) => Route));

const freezesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/protection/freezes',
}).lazy(() => import('./pages/protection/freezes').then(({ Route }) => Route));

const moneyRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/protection/money',
}).lazy(() => import('./pages/protection/money').then(({ Route }) => Route));

const limitsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/protection/limits',
}).lazy(() => import('./pages/protection/limits').then(({ Route }) => Route));

const webhooksRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/webhooks',
}).lazy(() => import('./pages/webhooks/page').then(({ Route }) => Route));

const webhookEndpointRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/webhooks/$endpointId',
  validateSearch: textsIn('state', 'callSid'),
}).lazy(() => import('./pages/webhooks/endpoint').then(({ Route }) => Route));

const webhookDeliveryRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/webhooks/$endpointId/deliveries/$deliveryId',
}).lazy(() => import('./pages/webhooks/delivery').then(({ Route }) => Route));

const auditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/audit',
  validateSearch: textsIn('subject', 'action', 'target', 'from', 'to'),
}).lazy(() => import('./pages/audit/page').then(({ Route }) => Route));

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    homeRoute,
    signInRoute,
    callsRoute,
    refusedCallsRoute,
    callRoute,
    providersRoute,
    nowRoute,
    figuresRoute,
    peopleRoute,
    userRoute,
    linesRoute,
    importRoute,
    suppressionsRoute,
    freezesRoute,
    moneyRoute,
    limitsRoute,
    webhooksRoute,
    webhookEndpointRoute,
    webhookDeliveryRoute,
    auditRoute,
  ]),
  basepath: new URL(document.baseURI).pathname,
  parseSearch: readSearch,
  stringifySearch: writeSearch,
  defaultErrorComponent: FailedPage,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
