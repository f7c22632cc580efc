/** The served OpenAPI document, with types for the parts that these tests use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

export interface Body {
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface Parameter {
  readonly required?: boolean;
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly schema?: Schema;
  readonly example?: unknown;
}

export interface Reply {
  readonly description?: string;
  readonly headers?: Readonly<Record<string, { readonly schema: Schema }>>;
  readonly content?: Readonly<Record<string, Body>>;
}

export interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Body>> };
  readonly responses: Readonly<Record<string, Reply>>;
}

export interface ApiDocument {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

export interface Served {
  /** Such as `GET /v1/app/call/{targetId}`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The examples of a refusal. */
export const examplesOfRefusal = ({ content = {} }: Reply): readonly unknown[] =>
  Object.values(content).flatMap(({ example, examples = {} }) => [
    ...(example === undefined ? [] : [example]),
    ...Object.values(examples).map(({ value }) => value),
  ]);

export const fetchDocument = async (url: string): Promise<ApiDocument> => {
  const response = await fetch(`${url}/docs/openapi.json`);
  return (await response.json()) as ApiDocument;
};

export const operationsOf = ({ paths }: ApiDocument): Served[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([verb, operation]) => {
      const method = verb.toUpperCase();
      return { name: `${method} ${path}`, method, path, operation };
    }),
  );

export const operationNamed = (document: ApiDocument, operationId: string): Served => {
  const found = operationsOf(document).find(({ operation }) => operation.operationId === operationId);
  if (!found) throw new Error(`the document has no operation ${operationId}`);
  return found;
};

export interface PlacedBody {
  /** A readable description of its place. */
  readonly where: string;
  readonly body: Body;
}

/** Every request and response body of every operation, in every format. */
export const bodiesOf = (document: ApiDocument): PlacedBody[] =>
  operationsOf(document).flatMap(({ name, operation: { requestBody, responses } }) => {
    const placed = (place: string, content: Readonly<Record<string, Body>> = {}): PlacedBody[] =>
      Object.entries(content).map(([type, body]) => ({ where: `${name} ${place} ${type}`, body }));
    return [
      ...placed('request', requestBody?.content),
      ...Object.entries(responses).flatMap(([status, { content }]) => placed(status, content)),
    ];
  });
