import { AsyncLocalStorage } from 'node:async_hooks';

/** The ids that are added to every log line of a request, or of a call that is being settled. */
export interface LogContext {
  requestId?: string;
  callSid?: string;
  traceId?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

export const runWithLogContext = <T>(context: LogContext, work: () => T): T => storage.run(context, work);

export const logContext = (): Readonly<LogContext> => storage.getStore() ?? {};

/** Adds the call's id to the following log lines of this request. */
export const logAboutCall = (callSid: string): void => {
  const context = storage.getStore();
  if (context) context.callSid = callSid;
};

/** As above, with the trace's id. */
export const logAboutTrace = (traceId: string): void => {
  const context = storage.getStore();
  if (context) context.traceId = traceId;
};
