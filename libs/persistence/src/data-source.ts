import { ServerPool } from '@app/postgres';
import * as pg from 'pg';
import { DataSource } from 'typeorm';
import { PreparingClient } from './preparing-client';
import * as migrations from '../../../migrations';
import { CircuitEntity } from './entities/circuit.entity';
import { ClosedQueueEntity } from './entities/closed-queue.entity';
import { EventEntity } from './entities/event.entity';
import { HistoryEntity } from './entities/history.entity';
import { InstallationEntity } from './entities/installation.entity';
import { JobEntity } from './entities/job.entity';
import { ProcessEntity } from './entities/process.entity';
import { RequestEntity } from './entities/request.entity';
import { ResultEntity } from './entities/result.entity';
import { SubmissionEntity } from './entities/submission.entity';

/** Two lanes of group commit for each of the store's verbs, the reads beside them, and some air. */
const POOL_SIZE = 10;

export interface DatabaseOptions {
  url: string;
  /** Shown in pg_stat_activity. */
  application: string;
  poolSize?: number;
  /** How long the server may be silent while it owes an answer, in milliseconds; 0 for migrations, which take as long as they take. */
  silenceMs?: number;
  /** Told when an idle connection breaks: the pool opens another one, nothing else has to happen. */
  onTrouble?: (error: Error) => void;
}

export function createDataSource({
  url,
  application,
  poolSize = POOL_SIZE,
  silenceMs,
  onTrouble,
}: DatabaseOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    driver: { ...pg, Pool: ServerPool },
    applicationName: application,
    poolSize,
    poolErrorHandler: (error: unknown) => onTrouble?.(error instanceof Error ? error : new Error(String(error))),
    entities: [
      RequestEntity,
      JobEntity,
      SubmissionEntity,
      EventEntity,
      HistoryEntity,
      ResultEntity,
      CircuitEntity,
      ClosedQueueEntity,
      InstallationEntity,
      ProcessEntity,
    ],
    migrations: Object.values(migrations),
    migrationsTableName: 'migration',
    synchronize: false,
    logging: false,
    // Not as `url`, which TypeORM reads in its own way: it knows nothing of sockets.
    extra: {
      connectionString: url,
      Client: PreparingClient,
      pipeline: true,
      ...(silenceMs !== undefined && { silenceMs }),
    },
    installExtensions: false,
  });
}
