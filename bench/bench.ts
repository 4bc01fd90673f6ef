import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { Load } from './load';
import { Meter, type StoreKind } from './meter';
import { Product, type ProductOptions } from './product';
import { machine, markdown } from './report';
import { say } from './say';
import { StopSignals } from './signals';
import { startStores, type Stores } from './stores';

/** The product on a database of its own, and what is needed to look at it. */
export interface Part {
  kind: StoreKind;
  product: Product;
  sql: Client;
  /** Of the database. */
  url: string;
  stores: Stores;
  meter: Meter;
  load: Load;
}

export interface PartOptions extends Pick<ProductOptions, 'build' | 'env' | 'vod' | 'workers'> {
  kind: StoreKind;
  database: string;
  profile?: string | undefined;
  /** Puts into the migrated database what shall be there when the product starts. */
  fill?: (sql: Client) => Promise<void>;
}

/** Stores of our own, and the product on them, part after part. Whatever happens, nothing outlives it. */
export class Bench {
  private constructor(
    readonly stores: Stores,
    private readonly signals: StopSignals,
  ) {}

  static async run(work: (bench: Bench) => Promise<void>): Promise<void> {
    const stores = await startStores();
    const signals = new StopSignals(() => stores.stop());
    try {
      await work(new Bench(stores, signals));
    } finally {
      signals.forget();
      await stores.stop();
    }
  }

  /** The stores of BullMQ's to look at, one after the other: the one that was asked for, or both. */
  kinds(only: StoreKind | undefined): StoreKind[] {
    return (['redis', 'postgres'] as const).filter((kind) => {
      if (only !== undefined && only !== kind) return false;
      if (kind === 'postgres' || this.stores.redis) return true;
      say('There is no redis-server on the PATH: BullMQ on Redis is left out.');
      return false;
    });
  }

  /** Where one store is enough: the one that was asked for, or Redis when there is one. */
  kind(only: StoreKind | undefined): StoreKind {
    if (only === 'redis' && !this.stores.redis) throw new Error('there is no redis-server on the PATH');
    return only ?? (this.stores.redis ? 'redis' : 'postgres');
  }

  async with<T>(
    { kind, database, profile, fill, ...options }: PartOptions,
    work: (part: Part) => Promise<T>,
  ): Promise<T> {
    const { stores } = this;
    const { url, sql } = await stores.createDatabase(database);
    const folder = join(stores.folder, `logs-${database}`);
    mkdirSync(folder);
    const redisUrl = kind === 'redis' ? (stores.redis?.url ?? null) : null;
    const product = new Product({ ...options, databaseUrl: url, redisUrl, folder, profile });
    this.signals.alsoStop(() => product.stop());
    try {
      if (fill) {
        await product.migrate();
        await fill(sql);
        await sql.query('checkpoint'); // or it is written while something is measured
      }
      await product.start();
      const meter = new Meter({ kind, product, sql, stores });
      return await work({ kind, product, sql, url, stores, meter, load: new Load(product, sql) });
    } catch (error) {
      for (const name of product.names()) say(`--- the end of ${name}'s log\n${product.logTail(name)}`);
      throw error;
    } finally {
      await product.stop();
    }
  }

  /** What the figures depend on, and then the figures. */
  print({ said, quick, tables }: { said: string[]; quick: boolean; tables: string[][][] }): void {
    const { postgres, redis } = this.stores;
    const date = new Date().toISOString().slice(0, 10);
    const servers = `Postgres ${postgres.version}, durable, Redis ${redis?.version ?? 'none'}`;
    process.stdout.write(
      [
        '',
        `${date}, ${machine()}, Node ${process.version}, ${servers}`,
        ...said,
        ...(quick ? ['A quick run: these figures say nothing.'] : []),
        ...tables.flatMap((table) => ['', ...markdown(table)]),
        '',
      ].join('\n'),
    );
  }
}
