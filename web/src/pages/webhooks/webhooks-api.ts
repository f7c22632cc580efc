/** What the pages of the webhooks read and order. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, ok, type Schemas } from '../../api/client';
import { IN_PAGES, LOADS_ONCE, pageAfter } from '../../api/pages';
import { queryClient } from '../../api/query-client';

export type Endpoint = Schemas['WebhookEndpointReply'];
export type Delivery = Schemas['WebhookDeliveryReply'];
export type Attempt = Delivery['attempts'][number];
export type WebhookType = NonNullable<Endpoint['eventTypes']>[number];
export type DeliveryState = Delivery['state'];

export const WEBHOOK_TYPES = [
  'call.requested',
  'call.ringing',
  'call.answered',
  'call.over',
  'call.amended',
  'protection.frozen',
] as const satisfies readonly WebhookType[];

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const satisfies readonly DeliveryState[];

const KEY = ['webhooks'] as const;

const REFRESH_MS = 10_000;

export const readWebhooksAgain = (): Promise<void> => queryClient.invalidateQueries({ queryKey: KEY });

/** Reading again would load all pages that are shown. So only the first one keeps up by itself. */
const whileOnePage = ({ state }: { readonly state: { readonly data: { readonly pages: unknown[] } | undefined } }) =>
  state.data?.pages.length === 1 ? REFRESH_MS : false;

export const endpointsQuery = infiniteQueryOptions({
  queryKey: [...KEY, 'endpoints'],
  queryFn: ({ signal, pageParam }) =>
    ok(api.GET('/v1/admin/webhook-endpoints', { params: { query: pageAfter(pageParam) }, signal })),
  ...IN_PAGES,
  refetchInterval: whileOnePage,
  ...LOADS_ONCE,
});

export const endpointQuery = (endpointId: string) =>
  queryOptions({
    queryKey: [...KEY, 'endpoint', endpointId],
    queryFn: ({ signal }) =>
      ok(api.GET('/v1/admin/webhook-endpoints/{endpointId}', { params: { path: { endpointId } }, signal })),
    refetchInterval: REFRESH_MS,
  });

export interface DeliverySearch {
  readonly state?: string;
  readonly callSid?: string;
}

/** Those in a final state may be rare, and then a page costs the database something. So they are not read again. */
export const deliveriesQuery = (endpointId: string, { state, callSid }: DeliverySearch) =>
  infiniteQueryOptions({
    queryKey: [...KEY, 'deliveries', endpointId, { state, callSid }],
    queryFn: ({ signal, pageParam }) => {
      const query = {
        // The service says what is wrong with a value that somebody has typed into the address.
        ...(state !== undefined && { state: state as DeliveryState }),
        ...(callSid !== undefined && { callSid }),
        ...pageAfter(pageParam),
      };
      const params = { path: { endpointId }, query };
      return ok(api.GET('/v1/admin/webhook-endpoints/{endpointId}/deliveries', { params, signal }));
    },
    ...IN_PAGES,
    refetchInterval: state === undefined || state === 'pending' ? whileOnePage : false,
    ...LOADS_ONCE,
  });

/** The most that a page of the API may have. A call has fewer changes. */
const ALL_OF_A_CALL = 200;

/** The deliveries of a call's changes, the first change first. */
export const deliveriesOfCallQuery = (endpointId: string, callSid: string) =>
  queryOptions({
    queryKey: [...KEY, 'deliveries', endpointId, 'of call', callSid],
    queryFn: async ({ signal }): Promise<readonly Delivery[]> => {
      const params = { path: { endpointId }, query: { callSid, limit: ALL_OF_A_CALL } };
      const page = await ok(api.GET('/v1/admin/webhook-endpoints/{endpointId}/deliveries', { params, signal }));
      return page.items.toReversed();
    },
    refetchInterval: ({ state }) => (state.data?.some(({ state: at }) => at === 'pending') ? REFRESH_MS : false),
  });

/** @param number of the change; without it, all changes of the call */
export const redeliver = async (endpointId: string, callSid: string, number?: number): Promise<number> => {
  const body = { callSid, ...(number !== undefined && { number }) };
  const params = { path: { endpointId } };
  const { deliveries } = await ok(api.POST('/v1/admin/webhook-endpoints/{endpointId}/redeliver', { params, body }));
  await readWebhooksAgain();
  return deliveries;
};

/** The part of a delivery's id before the number of the change. */
export const callOf = (deliveryId: string): string => deliveryId.replace(/-\d+$/, '');
