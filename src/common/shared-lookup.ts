/**
 * Name lookups for connections. The system's resolver takes a thread for each, for ten seconds or more if no name server
 * answers, and libuv gives it half of its threads. So requests to one silent name would keep all other names from being
 * looked up: those of providers, of the database and of the identity provider. Here a name takes one thread.
 * UV_THREADPOOL_SIZE in the Dockerfile and in `npm start` leaves threads for 32 names.
 */
import type { LookupAddress, LookupAllOptions } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

type Resolver = (name: string, options: LookupAllOptions) => Promise<LookupAddress[]>;

/** Requests join the lookup in flight of the same name. No answer is kept. */
export const shareLookups = (resolver: Resolver): LookupFunction => {
  const inFlight = new Map<string, Promise<LookupAddress[]>>();
  const found = (name: string, options: LookupAllOptions): Promise<LookupAddress[]> => {
    const key = JSON.stringify([name, options]);
    const running = inFlight.get(key);
    if (running) return running;
    const addresses = resolver(name, options).finally(() => inFlight.delete(key));
    inFlight.set(key, addresses);
    return addresses;
  };
  return (name, options, callback) => {
    found(name, { ...options, all: true }).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: unknown) => {
        callback(error as NodeJS.ErrnoException, options.all ? [] : '');
      },
    );
  };
};

/** One for the process: providers, the identity provider and endpoints may have the same name. */
export const sharedLookup = shareLookups(lookup);
