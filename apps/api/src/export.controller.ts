import { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import * as schemas from '@app/contract';
import { ListReads, type JobRow } from '@app/persistence';
import { inertJson } from '@app/text';
import type { FastifyReply } from 'fastify';
import { Caller } from './auth.guard';
import { CallerPlaces } from './callers/places';
import { csvRow } from './csv';
import { filterOf } from './job-filter';
import { problem } from './openapi';
import { jobView } from './views';

const CSV =
  'RFC 4180, with a header. A sign that could begin a formula (`=`, `+`, `-`, `@` and their other forms, not behind a letter or a ' +
  'digit) has an apostrophe before it, in `labels` it is a JSON escape: whatever a spreadsheet divides the file by, nothing ' +
  'in it computes. `vodai submit --file` and the dashboard take the apostrophes away again';

/** Few round trips, and little to hold: some 500 kB. */
const PAGE = 1000;

/** The filtered list as a file, however long it is: a page is read when the one before has left. */
@ApiTags('jobs')
@ApiBearerAuth()
@ApiResponse(problem(400, 'invalid_request'))
@ApiResponse(problem(401, 'unauthorized'))
@ApiResponse(problem(503, 'unavailable'))
@Controller('v1')
export class ExportController {
  constructor(
    private readonly lists: ListReads,
    private readonly places: CallerPlaces,
  ) {}

  @Get('jobs.csv')
  @ApiOperation({ summary: 'The job table as a spreadsheet, newest first' })
  @ApiProduces('text/csv')
  @ApiResponse({ status: 200, description: CSV, schema: { type: 'string' } })
  exportJobsAsCsv(
    @Query({ schema: schemas.exportQuery }) query: schemas.JobFilterQuery,
    @Caller() caller: Caller,
    @Res() reply: FastifyReply,
  ) {
    return this.send(caller, reply, query, {
      extension: 'csv',
      type: 'text/csv; charset=utf-8',
      head: csvHead,
      line: csvLine,
    });
  }

  @Get('jobs.ndjson')
  @ApiOperation({ summary: 'The job table as lines of JSON, newest first' })
  @ApiProduces('application/x-ndjson')
  @ApiResponse({ status: 200, description: 'One Job a line', schema: { type: 'string' } })
  exportJobsAsNdjson(
    @Query({ schema: schemas.exportQuery }) query: schemas.JobFilterQuery,
    @Caller() caller: Caller,
    @Res() reply: FastifyReply,
  ) {
    return this.send(caller, reply, query, {
      extension: 'ndjson',
      type: 'application/x-ndjson',
      head: '',
      line: jsonLine,
    });
  }

  private async send(
    { name: client }: Caller,
    reply: FastifyReply,
    query: schemas.JobFilterQuery,
    format: Format,
  ): Promise<void> {
    this.places.exports.takeFor(client, reply.raw);
    const pages = this.lists.allJobs(filterOf(query), PAGE);
    // Before anything is promised: a database that is away is still a 503. Later it can only break the connection, which
    // tells the client that the file is not complete.
    const first = await pages.next();
    // The framework would read it all, to throw it away.
    const isHead = reply.request.method === 'HEAD';
    const at = new Date().toISOString().replaceAll(':', '-').slice(0, 19);
    void reply
      .type(format.type)
      .header('content-disposition', `attachment; filename="jobs-${at}Z.${format.extension}"`)
      .send(Readable.from(isHead ? [] : text(first, pages, format), { objectMode: false }));
  }
}

interface Format {
  extension: string;
  type: string;
  head: string;
  line: (job: JobRow) => string;
}

async function* text(
  first: IteratorResult<JobRow[]>,
  pages: AsyncGenerator<JobRow[]>,
  { head, line }: Format,
): AsyncGenerator<string> {
  const linesOf = (rows: JobRow[]) => rows.map(line).join('');
  yield head + (first.done ? '' : linesOf(first.value));
  for await (const rows of pages) yield linesOf(rows);
}

const jsonLine = (job: JobRow) => `${JSON.stringify(jobView(job))}\n`;

/** The columns of a job as the API shows it; `error` takes three of them. */
const columns: [name: string, value: (job: ReturnType<typeof jobView>) => string | number | Date | null][] = [
  ['id', (job) => job.id],
  ['requestId', (job) => job.requestId],
  ['mediaId', (job) => job.mediaId],
  ['region', (job) => job.region],
  ['type', (job) => job.type],
  ['state', (job) => job.state],
  ['vodJobId', (job) => job.vodJobId],
  ['attempts', (job) => job.attempts],
  ['priority', (job) => job.priority],
  ['labels', (job) => inertJson(job.labels)],
  ['client', (job) => job.client],
  ['errorPhase', (job) => job.error?.phase ?? null],
  ['errorCode', (job) => job.error?.code ?? null],
  ['errorMessage', (job) => job.error?.message ?? null],
  ['createdAt', (job) => job.createdAt],
  ['submittedAt', (job) => job.submittedAt],
  ['finishedAt', (job) => job.finishedAt],
  ['settledAt', (job) => job.settledAt],
  ['dueAt', (job) => job.dueAt],
  ['version', (job) => job.version],
];

const csvHead = csvRow(columns.map(([name]) => name));

function csvLine(row: JobRow): string {
  const job = jobView(row);
  return csvRow(
    columns.map(([, value]) => {
      const cell = value(job);
      return cell instanceof Date ? cell.toISOString() : cell;
    }),
  );
}
