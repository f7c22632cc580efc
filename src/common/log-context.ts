import { AsyncLocalStorage } from 'node:async_hooks';

/** What every line logged on behalf of a request, or of a call that is being settled, carries by itself. */
export interface LogContext {
  requestId?: string;
  callSid?: string;
}

const storage = new AsyncLocalStorage<LogContext>();

export const runWithLogContext = <T>(context: LogContext, work: () => T): T => storage.run(context, work);

export const logContext = (): Readonly<LogContext> => storage.getStore() ?? {};

/** Makes the lines that follow in this request carry the call they are about. */
export const logAboutCall = (callSid: string): void => {
  const context = storage.getStore();
  if (context) context.callSid = callSid;
};
