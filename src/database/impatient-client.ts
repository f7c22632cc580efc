import { Client, type ClientConfig } from 'pg';

/**
 * pg gives up on an answer that takes too long and keeps the connection, where the next question would wait behind the
 * first. After a network that went silent that is for ever, so the connection goes too.
 */
export class ImpatientClient extends Client {
  constructor(config?: ClientConfig | string) {
    super(config);
    const ask = this.query.bind(this) as (...question: unknown[]) => unknown;
    this.query = ((...question: unknown[]) => {
      const answer = ask(...question);
      if (answer instanceof Promise) {
        answer.catch((error: unknown) => {
          if (isReadTimeout(error)) void this.end();
        });
      }
      return answer;
    }) as Client['query'];
  }
}

/** pg tells it by its text alone. */
export const isReadTimeout = (error: unknown): boolean =>
  error instanceof Error && error.message === 'Query read timeout';
