/** Parses request bodies: JSON in UTF-8 for our API, CSV for imports, raw bytes for providers' webhooks. */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest, onRequestHookHandler, preParsingHookHandler } from 'fastify';
import { decodeCsv, type CsvBody } from '../common/csv.js';
import { AppError } from '../common/error-table.js';
import { readJsonText } from '../common/json-text.js';
import { announcesBody } from './slow-close.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The handler gets the raw bytes, whatever their type. */
    rawBody?: true;
    /** The handler gets a CsvBody, of a file of the type text/csv in an encoding that spreadsheets write. */
    csvBody?: true;
    bodyLimitBytes?: number;
  }
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const CSV_TYPE = /^text\/csv\s*(?:;|$)/i;
/** RFC 8259, 8.1 allows no other; US-ASCII is a subset. */
const UTF_8 = /^(?:utf-?8|us-ascii)$/i;
const GB18030 = /^(?:gb18030|gbk|gb2312)$/i;

export const parseBodies = (server: FastifyInstance): void => {
  server.addHook('onRoute', (route) => {
    if (route.config?.bodyLimitBytes) route.bodyLimit = route.config.bodyLimitBytes;
    const withItsType = route.config?.rawBody ? withAnyType : withTypeOfBody;
    // After the route's own hooks, so that the caller is authenticated first.
    if (route.method !== 'GET') {
      route.onRequest = [route.onRequest ?? []].flat().concat(withItsType, refuseEncoded);
      route.preParsing = [route.preParsing ?? []].flat().concat(askForBody);
    }
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (request.routeOptions.config.rawBody) done(null, body);
    // Many HTTP libraries send a type with every POST and DELETE. Without content there is nothing to refuse.
    else if (body.length === 0) done(null, undefined);
    else {
      const reading = request.routeOptions.config.csvBody ? readCsvBody(request, body) : readJson(request, body);
      reading.then((value: unknown) => {
        done(null, value);
      }, done);
    }
  });
};

const TOKEN = "[\\w!#$%&'*+.^`|~-]+";
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}\\s*(?:;|$)`);

/** Fastify refuses an invalid type, such as `json`, before any parser sees the body. */
const withAnyType = ({ raw: { headers } }: FastifyRequest, _reply: unknown, done: () => void): void => {
  if (!MEDIA_TYPE.test(headers['content-type'] ?? '')) headers['content-type'] = 'application/octet-stream';
  done();
};

/**
 * Encoded bodies are not decoded here. Their bytes would be taken for the text, or for the content that a provider has
 * signed.
 */
const refuseEncoded: onRequestHookHandler = ({ raw }, reply, done) => {
  const { 'content-encoding': encodings = '' } = raw.headers;
  if (NO_ENCODING.test(encodings) || !announcesBody(raw)) done();
  else {
    // RFC 9110, 15.5.16.
    void reply.header('accept-encoding', 'identity');
    done(new AppError('UNSUPPORTED_MEDIA_TYPE', { detail: 'The body is encoded; send it without Content-Encoding.' }));
  }
};

/** Some HTTP libraries send a type with every DELETE and POST, even an invalid one. */
const withTypeOfBody: onRequestHookHandler = ({ raw }, _reply, done) => {
  if (!announcesBody(raw)) delete raw.headers['content-type'];
  done();
};

/** A client that waits for 100 Continue (RFC 9110, 10.1.1) does not send a body that is refused. */
const askForBody: preParsingHookHandler = ({ raw, routeOptions }, reply, payload, done) => {
  const { expect, 'content-length': length = '0' } = raw.headers;
  if (expect?.toLowerCase() === '100-continue' && Number(length) <= routeOptions.bodyLimit) reply.raw.writeContinue();
  done(null, payload);
};

const NO_ENCODING = /^\s*(?:identity\s*)?$/i;

const readJson = async (request: FastifyRequest, body: Buffer): Promise<unknown> => {
  const fault = faultOfText(request, body, JSON_TYPE);
  if (fault) throw fault;
  return readJsonText(body.toString('utf8'));
};

const readCsvBody = async (request: FastifyRequest, body: Buffer): Promise<CsvBody> => {
  const fault = faultOfCsv(request, body);
  if (fault) throw fault;
  return decodeCsv(body, isSaidToBeGb18030(request));
};

const faultOfText = (request: FastifyRequest, body: Buffer, expected: RegExp): AppError | null => {
  const fault = faultOfType(request, expected, UTF_8);
  if (fault) return fault;
  return isUtf8(body) ? null : new AppError('BAD_REQUEST', { detail: 'The body is not UTF-8.' });
};

/** A file without a charset may be in either. One that is said to be UTF-8 and is not would be read as other names. */
const faultOfCsv = (request: FastifyRequest, body: Buffer): AppError | null => {
  const isSaidToBeUtf8 = charsetsOf(request.headers['content-type'] ?? '').some((charset) => UTF_8.test(charset));
  if (isSaidToBeUtf8) return faultOfText(request, body, CSV_TYPE);
  return isSaidToBeGb18030(request) ? faultOfType(request, CSV_TYPE, GB18030) : faultOfType(request, CSV_TYPE, UTF_8);
};

const isSaidToBeGb18030 = ({ headers }: FastifyRequest): boolean =>
  charsetsOf(headers['content-type'] ?? '').some((charset) => GB18030.test(charset));

const faultOfType = ({ headers }: FastifyRequest, expected: RegExp, encodings: RegExp): AppError | null => {
  const type = headers['content-type'] ?? '';
  const [charset = 'utf-8', ...more] = charsetsOf(type);
  // With two charsets, implementations choose differently.
  const isExpected = expected.test(type) && encodings.test(charset) && more.length === 0;
  return isExpected ? null : new AppError('UNSUPPORTED_MEDIA_TYPE');
};

/** A quoted value may contain text that looks like a parameter. */
const PARAMETERS = new RegExp(`;\\s*(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]*))`, 'g');

const charsetsOf = (type: string): string[] =>
  [...type.matchAll(PARAMETERS)].flatMap(([, name, quoted, bare]) =>
    name?.toLowerCase() === 'charset' ? [quoted ?? bare ?? ''] : [],
  );
