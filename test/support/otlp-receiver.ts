/** A collector of OpenTelemetry: takes spans by OTLP over HTTP, as JSON. It refuses what the protocol does not have. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { otlpFaults } from './otlp-faults.js';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[];
  /** Of the process. */
  readonly instance: string;
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<ReceivedSpan, 'instance'>[] }[];
  }[];
}

export interface OtlpReceiver {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** The bytes of all requests. */
  readonly text: string;
  readonly headers: readonly IncomingHttpHeaders[];
  /** Of all requests; such a request was answered with 400. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

export const startOtlpReceiver = async (): Promise<OtlpReceiver> => {
  const spans: ReceivedSpan[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const faults: string[] = [];
  let text = '';
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      if (request.url !== '/v1/traces' || request.method !== 'POST') {
        response.writeHead(404).end();
        return;
      }
      text += body;
      headers.push(request.headers);
      const found = faultsIn(request.headers, body);
      if (found.length > 0) {
        faults.push(...found);
        response.writeHead(400, { 'content-type': 'application/json' }).end('{"code":3}');
        return;
      }
      for (const { resource, scopeSpans } of (JSON.parse(body) as ExportRequest).resourceSpans) {
        const instance = resource.attributes.find(({ key }) => key === 'service.instance.id')?.value.stringValue ?? '';
        for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, instance })));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    headers,
    faults,
    get text() {
      return text;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};

const faultsIn = (headers: IncomingHttpHeaders, body: string): string[] => {
  const type = headers['content-type'];
  return [
    ...(type === 'application/json' ? [] : [`content-type: ${String(type)}`]),
    ...(headers['content-encoding'] === undefined ? [] : ['content-encoding: this collector reads none']),
    ...otlpFaults(JSON.parse(body)),
  ];
};
