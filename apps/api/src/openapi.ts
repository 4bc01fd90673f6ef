import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { problemAnswer } from '@app/contract';

/** An answer that says no: `codes` are the values that its `code` can have. */
export const problem = (status: number, codes: string) => ({
  status,
  description: codes,
  standardSchema: problemAnswer,
});

/** The document at /openapi.json, generated from the controllers and their schemas, and its browser at /docs. */
export function serveOpenApi(app: INestApplication, version: string): void {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('VOD AI orchestrator')
    .setDescription('Enqueue smart tagging and video fingerprinting of ApsaraVideo VOD, and see what became of it.')
    .setVersion(version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'opaque', description: 'An API key' })
    .build();
  SwaggerModule.setup('docs', app, () => withProblemType(SwaggerModule.createDocument(app, description)), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
  });
}

/** The generator gives all answers of a handler the same content types; ours have another one when they say no. */
function withProblemType(document: OpenAPIObject): OpenAPIObject {
  const operations = Object.values(document.paths).flatMap((path) => [path.get, path.post]);
  for (const [status, response] of operations.flatMap((operation) => Object.entries(operation?.responses ?? {}))) {
    if (Number(status) < 400 || !response || !('content' in response) || !response.content) continue;
    const [schema] = Object.values(response.content);
    if (schema) response.content = { 'application/problem+json': schema };
  }
  return document;
}
