import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { problemAnswer } from '@app/contract';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { examples, examplesByType, problemExamples } from './openapi-examples';
import { introduction, tags } from './openapi-introduction';

/** An answer that says no: `codes` are the values that its `code` can have. */
export const problem = (status: number, codes: string) => ({
  status,
  description: codes,
  standardSchema: problemAnswer,
});

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** The pages of the document run and load what is beside them; their styles are written in them. */
const DOCS_POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self' 'unsafe-inline'`,
  `img-src 'self' data:`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ');

/** What the api takes and answers, generated from the controllers and their schemas. */
export class ApiDocument {
  private app: INestApplication | null = null;
  private made: OpenAPIObject | null = null;

  constructor(private readonly version: string) {}

  /** The document at /openapi.json, and its browser at /docs. */
  serve(app: INestApplication): void {
    this.app = app;
    const fastify = app.getHttpAdapter().getInstance() as FastifyInstance;
    // Servers are relative to the page, whose files would also be found from below.
    fastify.addHook('onRequest', (request, reply, done) => {
      if (/^\/docs\/(index\.html)?$/.test(request.url)) return void reply.redirect('../docs');
      if (request.routeOptions.url === '/docs') void reply.header('content-security-policy', DOCS_POLICY);
      done();
    });
    SwaggerModule.setup('docs', app, () => this.document, { jsonDocumentUrl: 'openapi.json', raw: ['json'] });
  }

  /** The names of the query parameters that a route takes. */
  queryOf(method: string, route: string): string[] {
    const path = this.document.paths[route.replaceAll(/:(\w+)/g, '{$1}')];
    const operation = path?.[method === 'HEAD' ? 'get' : (method.toLowerCase() as keyof typeof path)] as
      Operation | undefined;
    return (operation?.parameters ?? []).flatMap((one) => ('in' in one && one.in === 'query' ? [one.name] : []));
  }

  /** Made when it is first needed: most processes of the tests never are asked. */
  private get document(): OpenAPIObject {
    if (!this.app) throw new Error('the document is not served');
    this.made ??= completed(
      SwaggerModule.createDocument(this.app, descriptionOf(this.version), {
        operationIdFactory: (_controller, method) => method,
        standardSchemaConverter: converter(),
      }),
    );
    return this.made;
  }
}

function descriptionOf(version: string) {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('VOD AI orchestrator')
    .setDescription(introduction)
    .setVersion(version)
    .addServer('.', 'Where this document is')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'opaque', description: 'An API key' });
  for (const [name, text] of Object.entries(tags)) description.addTag(name, text);
  return description.build();
}

type Io = 'input' | 'output';
type Converted = { schema: object; components: object };

/** Zod's own conversion, rather than the generator's detour over OpenAPI 3.0. Each schema once: nearly every answer may be a problem. */
function converter() {
  const known = { input: new Map<unknown, Converted>(), output: new Map<unknown, Converted>() };
  return (schema: unknown, { schemaType: io }: { schemaType: Io }): Converted | undefined => {
    if (!(schema instanceof z.ZodType)) return undefined;
    const converted = known[io].get(schema) ?? convert(schema, io);
    known[io].set(schema, converted);
    return converted;
  };
}

function convert(schema: z.ZodType, io: Io): Converted {
  const {
    $defs = {},
    $schema: _,
    ...converted
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  const name = typeof converted.id === 'string' ? converted.id : null;
  const { id: _id, ...rest } = converted;
  return name === null
    ? { schema: rest, components: $defs }
    : { schema: { $ref: `#/components/schemas/${name}` }, components: { ...$defs, [name]: rest } };
}

/** What a reader has no use for: the pattern of a named format, and the bounds of all whole numbers. */
function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.format !== undefined) delete schema.pattern;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}

/** What the generator cannot know. */
function completed(document: OpenAPIObject): OpenAPIObject {
  for (const { get, post, put, patch, delete: remove } of Object.values(document.paths)) {
    for (const operation of [get, post, put, patch, remove]) {
      if (!operation) continue;
      if (operation.security) operation.responses['429'] = { ...TOO_MANY };
      completeAnswers(operation);
    }
  }
  const schemas: Schemas = document.components?.schemas ?? {};
  for (const schema of Object.values(schemas)) tellDefaults(schema);
  document.components = {
    ...document.components,
    headers: {
      RequestId: {
        description: 'The request, as the log of the api names it: yours, or one that was made',
        schema: { type: 'string' },
        example: '01a2032f-e07b-7439-9f71-b8fc9c427ca2',
      },
      RetryAfter: {
        description: 'Seconds after which the call may be made again',
        schema: { type: 'integer', minimum: 1 },
        example: 1,
      },
    },
  };
  return document;
}

/** What every call that needs a key may be answered with, before its handler is asked. */
const TOO_MANY = {
  description: 'too_many_requests',
  headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } },
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** All answers of a handler have the same content types for the generator; ours have another one when they say no. */
function completeAnswers(operation: Operation): void {
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || '$ref' in response) continue;
    response.headers = { 'Request-Id': { $ref: '#/components/headers/RequestId' }, ...response.headers };
    const [first] = Object.entries(response.content ?? {});
    if (!first) continue;
    const [type, content] = first;
    if (Number(status) >= 400) {
      response.content = {
        'application/problem+json': { ...content, examples: problemExamples(response.description.split(', ')) },
      };
      continue;
    }
    const name = content.schema && '$ref' in content.schema ? content.schema.$ref.split('/').at(-1) : undefined;
    if (name !== undefined && name in examples) response.content = { [type]: { ...content, example: examples[name] } };
    const byType = name === undefined ? undefined : examplesByType[name];
    if (byType) response.content = { [type]: { ...content, examples: byType } };
  }
}

/** As words: generators take a field with a `default` for one that is always there, and ask for it in requests as well. */
function tellDefaults(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const fields = schema as Record<string, unknown>;
  if ('default' in fields) {
    const text = `Default: ${JSON.stringify(fields['default'])}`;
    const { description } = fields;
    fields['description'] = typeof description === 'string' ? `${description}. ${text}` : text;
    delete fields['default'];
  }
  for (const inner of Object.values(fields)) tellDefaults(inner);
}
