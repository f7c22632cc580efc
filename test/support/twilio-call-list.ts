/** Twilio's list of calls, with its filters. */
import { isOver, shownLeg, type Call, type Leg } from './twilio-calls.js';
import { ApiError } from './twilio-forms.js';

type Filter = (leg: Leg, value: string) => boolean;

const FILTERS: Readonly<Record<string, Filter>> = {
  ParentCallSid: (leg, value) => leg.parentSid === value,
  To: (leg, value) => leg.to === value,
  From: (leg, value) => leg.from === value,
  Status: (leg, value) => leg.status === value,
  // A queued call has no start time. Twilio's documentation does not say whether a ringing one has; here it has none.
  'StartTime>': (leg, value) => (leg.startedAt !== null || isOver(leg)) && leg.createdAt >= new Date(value),
};

export const listedCalls = (
  calls: Iterable<Call>,
  { url, accountSid }: { readonly url: URL; readonly accountSid: string },
): object => {
  const given = [...url.searchParams].filter(([name]) => name !== 'PageSize');
  const strange = given.filter(([name]) => !Object.hasOwn(FILTERS, name));
  if (strange.length > 0) throw new ApiError(400, 20001, `Unknown parameters: ${strange.join(', ')}`);
  const found = [...calls]
    .flatMap(({ legA, legB, earlierLegs }) => [legA, ...earlierLegs, ...(legB ? [legB] : [])])
    // The latest first.
    .reverse()
    .filter((leg) => leg.accountSid === accountSid && given.every(([name, value]) => FILTERS[name]!(leg, value)));
  const uri = url.pathname + url.search;
  const page = { page: 0, page_size: 50, start: 0, end: 0, uri, first_page_uri: uri };
  return { calls: found.map(shownLeg), ...page, next_page_uri: null, previous_page_uri: null };
};
